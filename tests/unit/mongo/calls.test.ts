import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createPatience, NoAnswerInTime, withDeadline } from '../../../src/mongo/calls.ts';

const never = new Promise<never>(() => undefined);
const limit = [10_000, 60_000] as const;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** How long a call that is never answered is waited for. */
async function waitedFor(patience: Parameters<typeof withDeadline>[0]): Promise<number> {
  const begunAt = performance.now();
  const failed = expect(withDeadline(patience, async () => await never)).rejects.toBeInstanceOf(
    NoAnswerInTime,
  );
  await jest.advanceTimersToNextTimerAsync();
  await failed;
  return performance.now() - begunAt;
}

/** A call that is answered after so long. */
async function answerAfter(
  ms: number,
  patience: Parameters<typeof withDeadline>[0],
): Promise<number> {
  const answered = withDeadline(
    patience,
    async () => await new Promise<number>((resolve) => setTimeout(resolve, ms, ms)),
  );
  await jest.advanceTimersByTimeAsync(ms);
  return await answered;
}

describe('a call to the database', () => {
  it('is answered, or fails as the call does without what the server quotes, and leaves no timer', async () => {
    expect(await withDeadline(limit, async () => await Promise.resolve(7))).toBe(7);
    const error = new Error('not authorized to execute command { text: "secret" }');
    await expect(withDeadline(limit, async () => await Promise.reject(error))).rejects.toThrow(
      /^not authorized to execute a command$/,
    );
    expect(jest.getTimerCount()).toBe(0);
  });

  it('fails with a name of its own when there is no answer in time', async () => {
    const failed = expect(withDeadline(limit, async () => await never)).rejects.toMatchObject({
      name: 'NoAnswerInTime',
      message: 'MongoDB has not answered within 10 s',
    });
    await jest.advanceTimersByTimeAsync(10_000);
    await failed;
  });

  it('is waited for longer each time when it is made again, up to the second figure', async () => {
    const patience = createPatience(limit);
    const waits = [];
    for (let time = 0; time < 5; time += 1) waits.push(await waitedFor(patience));
    expect(waits).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it('is not waited for longer because several failed at once', async () => {
    const patience = createPatience(limit);
    const both = [1, 2].map(async () => await withDeadline(patience, async () => await never));
    const failed = expect(Promise.allSettled(both)).resolves.toHaveLength(2);
    await jest.advanceTimersByTimeAsync(10_000);
    await failed;
    expect(await waitedFor(patience)).toBe(20_000);
  });

  it('is waited for as long as before after a slow answer, and as at first after a quick one', async () => {
    const patience = createPatience(limit);
    await waitedFor(patience);
    expect(await answerAfter(15_000, patience)).toBe(15_000);
    expect(patience.limitMs()).toBe(20_000);
    expect(await answerAfter(1_000, patience)).toBe(1_000);
    expect(await waitedFor(patience)).toBe(10_000);
  });
});
