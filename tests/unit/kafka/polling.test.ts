import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { pollAll } from '../../../src/kafka/polling.ts';
import type { TopicMessage } from '../../../src/ports/topic.ts';
import { aPosition } from '../../support/builders.ts';
import { watch } from '../../support/recorders.ts';
import { aMessage, aTerm, type TermUnderTest } from './terms.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const pollMs = 100;
const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);
const now = aPosition(500).wallTime;

/** Polls of a consumer each of which brings what was put into `coming`. */
function beginPolling(...partitions: readonly [number, ...number[]]) {
  const terms = new Map<number, TermUnderTest>();
  for (const id of partitions) terms.set(id, aTerm({ id }));
  const coming: TopicMessage[][] = [];
  const asked: string[] = [];
  const ends = new Map<number, number>();
  const over = new AbortController();
  let polls = 0;
  let isMember = true;
  let failure: Error | null = null;
  const done = pollAll(
    {
      consumer: {
        async poll() {
          polls += 1;
          await new Promise((resolve) => setTimeout(resolve, pollMs));
          if (failure !== null) throw failure;
          return coming.shift() ?? [];
        },
        pause: (some) => void asked.push(`pause ${some.join(' ')}`),
        resume: (some) => void asked.push(`resume ${some.join(' ')}`),
        knownEnd: (partition) => ends.get(partition) ?? null,
      },
      terms,
      turned: () => isMember,
      now: () => now.getTime(),
    },
    over.signal,
  );
  done.catch(() => undefined);
  const bring = (partition: number, count: number): void =>
    void coming.push(
      Array.from({ length: count }, (_each, offset) => aMessage(offset, { partition })),
    );
  return {
    ...{ terms, asked, ends, bring, done, seen: watch(done) },
    get polls() {
      return polls;
    },
    freeze: () => (isMember = false),
    fail: (error: Error) => (failure = error),
    async read(partition: number, count: number): Promise<void> {
      for (let index = 0; index < count; index += 1) await terms.get(partition)?.partition.read();
    },
    async stop(): Promise<void> {
      over.abort();
      await pass(pollMs);
      await done;
    },
  };
}

describe('polling', () => {
  it('gives each message to the term of its partition, and drops those of others', async () => {
    const polling = beginPolling(1, 2);
    polling.bring(1, 3);
    polling.bring(9, 1);
    polling.bring(2, 2);
    await pass(3 * pollMs);
    expect(polling.terms.get(1)?.waiting).toBe(3);
    expect(polling.terms.get(2)?.waiting).toBe(2);
    await polling.stop();
  });

  it('asks for no more while 512 messages are not read, and goes on with less', async () => {
    const polling = beginPolling(1);
    polling.bring(1, 512);
    await pass(pollMs + 500);
    const { polls } = polling;
    expect(polls).toBe(1);
    await polling.read(1, 1);
    await pass(10);
    expect(polling.polls).toBe(2);
    expect(polling.asked).toEqual([]);
    await polling.stop();
  });

  it('pauses all partitions after a second and goes on, until a quarter is left', async () => {
    const polling = beginPolling(1, 2);
    polling.bring(1, 512);
    await pass(pollMs + 1_010);
    expect(polling.asked).toEqual(['pause 1 2']);
    const { polls } = polling;
    await pass(70_000);
    expect(polling.polls).toBeGreaterThanOrEqual(polls + 600);
    await polling.read(1, 512 - 129);
    await pass(2 * pollMs);
    expect(polling.asked).toEqual(['pause 1 2']);
    await polling.read(1, 1);
    await pass(2 * pollMs);
    expect(polling.asked).toEqual(['pause 1 2', 'resume 1 2']);
    await polling.stop();
  });

  it('pauses one that is assigned while others are paused, or is assigned anew', async () => {
    const polling = beginPolling(1, 2);
    polling.bring(1, 512);
    await pass(pollMs + 1_010);
    polling.terms.set(3, aTerm({ id: 3 }));
    polling.terms.set(2, aTerm({ id: 2 }));
    await pass(2 * pollMs);
    expect(polling.asked).toEqual(['pause 1 2', 'pause 2 3']);
    await polling.read(1, 512);
    await pass(2 * pollMs);
    expect(polling.asked.at(-1)).toBe('resume 1 2 3');
    await polling.stop();
  });

  it('is not held up by what a term has not read that has ended', async () => {
    const polling = beginPolling(1, 2);
    polling.bring(1, 512);
    await pass(pollMs + 10);
    expect(polling.polls).toBe(1);
    polling.terms.get(1)?.lose('another has it');
    await pass(10);
    expect(polling.polls).toBe(2);
    await polling.stop();
  });

  it('does not resume what has gone meanwhile', async () => {
    const polling = beginPolling(1, 2);
    polling.bring(1, 512);
    await pass(pollMs + 1_010);
    polling.terms.delete(1);
    await pass(2 * pollMs);
    expect(polling.asked).toEqual(['pause 1 2', 'resume 2']);
    await polling.stop();
  });

  it('says that a partition has caught up when nothing came and its end is known to be reached', async () => {
    const polling = beginPolling(1, 2, 3);
    polling.ends.set(1, 0).set(2, 1);
    await pass(pollMs + 10);
    const reads = [...polling.terms.values()].map(async (term) => await term.partition.read());
    await pass(1_000);
    const times = (await Promise.all(reads)).map((read) =>
      read.kind === 'passed' ? read.position.wallTime : null,
    );
    expect(times).toEqual([now, aPosition(0).wallTime, aPosition(0).wallTime]);
    await polling.stop();
  });

  it('ends when the process was frozen for too long', async () => {
    const polling = beginPolling(1);
    await pass(pollMs);
    polling.freeze();
    await pass(pollMs);
    expect(polling.seen.isSettled).toBe(true);
    await polling.done;
  });

  it('rejects with what the client failed with', async () => {
    const polling = beginPolling(1);
    polling.fail(new Error('it failed'));
    await pass(pollMs);
    await expect(polling.done).rejects.toThrow('it failed');
  });
});
