import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { StateFigures } from '../../../src/observability/metrics.ts';
import { createStateSampler, type StateSampler } from '../../../src/observability/stateSampler.ts';
import { createMemoryLogger, type MemoryLogger } from '../../support/memoryLogger.ts';
import { watch } from '../../support/recorders.ts';

type Readers = Parameters<StateSampler['readFrom']>[0];

const never = new Promise<never>(() => undefined);
let stopping: AbortController;
let logger: MemoryLogger;
let notified: Partial<StateFigures>[];
let sampler: StateSampler;

beforeEach(() => {
  jest.useFakeTimers();
  stopping = new AbortController();
  logger = createMemoryLogger();
  notified = [];
  sampler = createStateSampler({
    metrics: { stateRead: (figures) => void notified.push(figures) },
    logger,
    stopping: stopping.signal,
  });
});
afterEach(() => {
  jest.useRealTimers();
});

const readersWith = (readers: Partial<Readers>): Readers => ({
  retriesPending: () => Promise.resolve(1),
  retriesBlocked: () => Promise.resolve(0),
  oldestOverdueSeconds: () => Promise.resolve(2),
  endpointsDisabled: () => Promise.resolve(3),
  checkpointAt: () => Promise.resolve(null),
  oldestOplogEntryAt: () => Promise.resolve(null),
  ...readers,
});
const figure = (name: keyof StateFigures): unknown[] =>
  notified.flatMap((figures) => (name in figures ? [figures[name]] : []));
const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

describe('the sampling of the state', () => {
  it('reads once by itself, then when asked, at most every five seconds', async () => {
    let pending = 0;
    sampler.readFrom(readersWith({ retriesPending: () => Promise.resolve((pending += 1)) }));
    await pass(0);
    expect(figure('retriesPending')).toEqual([1]);
    expect(notified).toHaveLength(6);
    await pass(4_999);
    await sampler.refresh();
    expect(pending).toBe(1);
    await pass(1);
    await Promise.all([sampler.refresh(), sampler.refresh()]);
    expect(figure('retriesPending')).toEqual([1, 2]);
    await pass(60_000);
    expect(pending).toBe(2);
  });

  it('is over at once while there is nothing to read from, and after a stop', async () => {
    await sampler.refresh();
    stopping.abort(new Error('stop'));
    sampler.readFrom(readersWith({}));
    await sampler.refresh();
    expect(notified).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves a figure that cannot be read as it was, and reads the others', async () => {
    const away = new Error('the database is away');
    const answers = [Promise.resolve(1), Promise.reject(away), Promise.resolve(9)];
    for (const answer of answers) answer.catch(() => undefined);
    sampler.readFrom(readersWith({ retriesPending: () => answers.shift() ?? never }));
    for (let more = 2; more > 0; more -= 1) {
      await pass(5_000);
      await sampler.refresh();
    }
    expect(figure('retriesPending')).toEqual([1, 9]);
    expect(figure('endpointsDisabled')).toEqual([3, 3, 3]);
    expect(logger.lines).toEqual([
      { level: 'debug', event: 'database_retry', fields: { what: 'retriesPending', error: away } },
    ]);
  });

  it('keeps neither a scrape nor a stop waiting for a database that does not answer', async () => {
    let asked = 0;
    const checkpointAt = async (): Promise<never> => {
      asked += 1;
      return await never;
    };
    sampler.readFrom(readersWith({ checkpointAt }));
    await pass(10_000);
    const refreshing = watch(sampler.refresh());
    await pass(999);
    expect(refreshing.isSettled).toBe(false);
    await pass(1);
    expect(refreshing.isSettled).toBe(true);
    expect(asked).toBe(1);
    const stopped = watch(sampler.refresh());
    stopping.abort(new Error('stop'));
    await pass(0);
    expect(stopped.isSettled).toBe(true);
    expect(logger.lines).toEqual([]);
  });
});
