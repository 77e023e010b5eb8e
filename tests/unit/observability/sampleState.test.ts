import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { StateFigures } from '../../../src/observability/metrics.ts';
import { sampleState, type SampleStateDeps } from '../../../src/observability/sampleState.ts';
import { createMemoryLogger, type MemoryLogger } from '../../support/memoryLogger.ts';
import { watch } from '../../support/recorders.ts';

const never = new Promise<never>(() => undefined);
let stopping: AbortController;
let logger: MemoryLogger;
let told: Partial<StateFigures>[];

beforeEach(() => {
  jest.useFakeTimers();
  stopping = new AbortController();
  logger = createMemoryLogger();
  told = [];
});
afterEach(() => {
  jest.useRealTimers();
});

function start(readers: Partial<SampleStateDeps['readers']>): Promise<void> {
  return sampleState({
    readers: {
      retriesPending: () => Promise.resolve(1),
      oldestOverdueSeconds: () => Promise.resolve(2),
      endpointsDisabled: () => Promise.resolve(3),
      checkpointAt: () => Promise.resolve(null),
      oldestOplogEntryAt: () => Promise.resolve(null),
      ...readers,
    },
    metrics: { stateRead: (figures) => void told.push(figures) },
    logger,
    stopping: stopping.signal,
  });
}

const figure = (name: keyof StateFigures): unknown[] =>
  told.flatMap((figures) => (name in figures ? [figures[name]] : []));

describe('the sampling of the state', () => {
  it('begins at once, goes on every five seconds, and ends with the worker', async () => {
    let pending = 0;
    const sampling = start({ retriesPending: () => Promise.resolve((pending += 1)) });
    await jest.advanceTimersByTimeAsync(0);
    expect(figure('retriesPending')).toEqual([1]);
    expect(told).toHaveLength(5);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(figure('retriesPending')).toEqual([1, 2, 3]);
    stopping.abort(new Error('stop'));
    await sampling;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(pending).toBe(3);
  });

  it('leaves a figure that cannot be read as it was, and reads the others', async () => {
    const away = new Error('the database is away');
    const answers = [Promise.resolve(1), Promise.reject(away), Promise.resolve(9)];
    for (const answer of answers) answer.catch(() => undefined);
    const sampling = start({ retriesPending: () => answers.shift() ?? never });
    await jest.advanceTimersByTimeAsync(10_000);
    expect(figure('retriesPending')).toEqual([1, 9]);
    expect(figure('endpointsDisabled')).toEqual([3, 3, 3]);
    expect(logger.lines).toEqual([
      { level: 'debug', event: 'database_retry', fields: { what: 'retriesPending', error: away } },
    ]);
    stopping.abort(new Error('stop'));
    await sampling;
  });

  it('does not keep a stop waiting for a database that does not answer', async () => {
    const sampling = start({ checkpointAt: () => never });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(watch(sampling).isSettled).toBe(false);
    stopping.abort(new Error('stop'));
    await sampling;
    expect(logger.lines).toEqual([]);
  });
});
