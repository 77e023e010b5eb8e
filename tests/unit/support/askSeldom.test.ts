import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { askSeldom } from '../../../src/support/askSeldom.ts';
import type { Session } from '../../../src/support/session.ts';

const session = {} as Session;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** A question whose answers are given by hand; how often it was asked, and about what. */
function createQuestion() {
  const asked: { about: number; answer: PromiseWithResolvers<string> }[] = [];
  const ask = askSeldom(5_000, async (_, about: number) => {
    const answer = Promise.withResolvers<string>();
    asked.push({ about, answer });
    return await answer.promise;
  });
  return { asked, ask };
}

describe('a question', () => {
  it('is asked once for all that want to know at the same time, however long it takes', async () => {
    const { asked, ask } = createQuestion();
    const first = ask(session, 1);
    jest.advanceTimersByTime(60_000);
    const second = ask(session, 1);
    asked[0]?.answer.resolve('yes');
    expect(await Promise.all([first, second])).toEqual(['yes', 'yes']);
    expect(asked).toHaveLength(1);
  });

  it('is asked again only after a while', async () => {
    const { asked, ask } = createQuestion();
    const first = ask(session, 1);
    asked[0]?.answer.resolve('yes');
    expect(await first).toBe('yes');
    jest.advanceTimersByTime(4_999);
    expect(await ask(session, 1)).toBe('yes');
    jest.advanceTimersByTime(1);
    const later = ask(session, 1);
    asked[1]?.answer.resolve('no');
    expect(await later).toBe('no');
  });

  it('about something else, or of another session, is another one', async () => {
    const { asked, ask } = createQuestion();
    void ask(session, 1);
    void ask(session, 2);
    void ask({} as Session, 1);
    await Promise.resolve();
    expect(asked.map(({ about }) => about)).toEqual([1, 2, 1]);
  });

  it('that failed is asked again at once', async () => {
    const { asked, ask } = createQuestion();
    const first = ask(session, 1);
    asked[0]?.answer.reject(new Error('no answer'));
    await expect(first).rejects.toThrow('no answer');
    const second = ask(session, 1);
    asked[1]?.answer.resolve('yes');
    expect(await second).toBe('yes');
  });
});
