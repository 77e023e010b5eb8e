import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ANSWER_LIMIT_MS, ask } from '../../../src/mongo/ask.ts';

const never = new Promise<never>(() => undefined);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('what the database is asked', () => {
  it('is answered, or fails as the call does, and leaves no timer', async () => {
    expect(await ask(async () => await Promise.resolve(7))).toBe(7);
    const error = new Error('not authorized to execute command { text: "secret" }');
    await expect(ask(async () => await Promise.reject(error))).rejects.toThrow(
      /^not authorized to execute a command$/,
    );
    expect(jest.getTimerCount()).toBe(0);
  });

  it('fails when the driver has forgotten it', async () => {
    const asked = ask(async () => await never);
    const failed = expect(asked).rejects.toThrow('MongoDB has not answered within 60 s');
    await jest.advanceTimersByTimeAsync(ANSWER_LIMIT_MS);
    await failed;
  });
});
