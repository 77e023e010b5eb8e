import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { createSpanQueue } from '../../../../src/observability/tracing/spanQueue.ts';
import { createMemoryLogger } from '../../../support/memoryLogger.ts';

type Done = (result: ExportResult) => void;

/** A queue, and the batches that its exporter has been handed, each with how it is to be told its result. */
function createSituation(answer: ((done: Done) => void) | null = succeed) {
  const batches: (readonly ReadableSpan[])[] = [];
  const open: Done[] = [];
  const counts: Record<string, number> = {};
  const count = (name: string, by: number): void => {
    counts[name] = (counts[name] ?? 0) + by;
  };
  const logger = createMemoryLogger();
  let isShutDown = false;
  const queue = createSpanQueue({
    exporter: {
      export(spans, done) {
        batches.push(spans);
        if (answer === null) open.push(done);
        else answer(done);
      },
      async shutdown() {
        isShutDown = true;
        await Promise.resolve();
      },
    },
    exportMs: 10_000,
    metrics: {
      spansExported: (by) => count('exported', by),
      spansDropped: (cause, by) => count(cause, by),
    },
    logger,
  });
  const end = (spans: number): void => {
    for (let index = 0; index < spans; index += 1) queue.onEnd({} as ReadableSpan);
  };
  return { queue, end, batches, open, counts, logger, isShutDown: () => isShutDown };
}

function succeed(done: Done): void {
  done({ code: ExportResultCode.SUCCESS });
}

function refuse(done: Done): void {
  done({ code: ExportResultCode.FAILED, error: new Error('Unauthorized') });
}

const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);
const sizes = (batches: readonly (readonly unknown[])[]): readonly number[] =>
  batches.map(({ length }) => length);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('the queue of spans', () => {
  it('sends a few after a second, and a full batch at once', async () => {
    const { end, batches, counts } = createSituation();
    end(3);
    await pass(999);
    expect(batches).toEqual([]);
    await pass(1);
    expect(sizes(batches)).toEqual([3]);
    end(512);
    await pass(0);
    expect(sizes(batches)).toEqual([3, 512]);
    expect(counts).toEqual({ exported: 515 });
    await pass(60_000);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('has one batch under way, and no more in memory than the queue holds beside it', async () => {
    const { end, batches, open, counts, logger } = createSituation(null);
    end(512);
    await pass(0);
    end(10_000);
    await pass(5_000);
    expect(sizes(batches)).toEqual([512]);
    expect(counts).toEqual({ queue_full: 10_000 - 4_096 });
    expect(logger.of('traces_dropped')).toEqual([
      { level: 'warn', event: 'traces_dropped', fields: { spans: 1, reason: 'the queue is full' } },
    ]);
    open.forEach(succeed);
    await pass(0);
    expect(sizes(batches)).toEqual([512, 512]);
  });

  it('gives a batch up that is not answered, and waits longer after each', async () => {
    const { end, batches, counts } = createSituation(null);
    const sentAtMs: number[] = [];
    const startedMs = performance.now();
    for (let second = 0; second < 120; second += 1) {
      end(1);
      const before = batches.length;
      await pass(1_000);
      if (batches.length > before) sentAtMs.push(performance.now() - startedMs);
    }
    expect(counts['exported']).toBeUndefined();
    expect(counts['export_failed']).toBeGreaterThan(10);
    const waits = sentAtMs.slice(1).map((at, index) => at - (sentAtMs[index] ?? 0));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(11_000);
    expect(waits.at(-1)).toBeGreaterThan(20_000);
  });

  it('says once a minute why it drops, and how many', async () => {
    const { end, counts, logger } = createSituation(refuse);
    for (let second = 0; second < 180; second += 1) {
      end(1);
      await pass(1_000);
    }
    const said = logger.of('traces_dropped').map(({ fields }) => fields);
    expect(said.length).toBeGreaterThan(1);
    expect(said.length).toBeLessThanOrEqual(4);
    for (const { reason } of said) expect(reason).toBe('Unauthorized');
    const total = said.reduce((sum, { spans }) => sum + Number(spans), 0);
    expect(total).toBeLessThanOrEqual(counts['export_failed'] ?? 0);
  });

  it('goes on as before once the collector is back', async () => {
    let isAway = true;
    const { end, batches, counts } = createSituation((done) => (isAway ? refuse : succeed)(done));
    for (let second = 0; second < 60; second += 1) {
      end(1);
      await pass(1_000);
    }
    isAway = false;
    end(1);
    await pass(31_000);
    const before = batches.length;
    end(1);
    await pass(1_000);
    expect(batches).toHaveLength(before + 1);
    expect(counts['exported']).toBeGreaterThan(0);
  });

  it('survives an exporter that throws', async () => {
    const { end, counts } = createSituation(() => {
      throw new Error('a bug of the exporter');
    });
    end(1);
    await pass(1_000);
    expect(counts).toEqual({ export_failed: 1 });
  });
});

describe('the end of the queue', () => {
  it('sends what is left', async () => {
    const { queue, end, batches, counts, isShutDown } = createSituation();
    end(700);
    await queue.close();
    expect(sizes(batches)).toEqual([512, 188]);
    expect(counts).toEqual({ exported: 700 });
    expect(isShutDown()).toBe(true);
    end(1);
    expect(counts).toEqual({ exported: 700, stopped: 1 });
  });

  it('takes a second at most, and counts what was not sent', async () => {
    const { queue, end, counts, logger } = createSituation(null);
    end(700);
    await pass(0);
    let isClosed = false;
    const closing = queue.close().then(() => (isClosed = true));
    await pass(999);
    expect(isClosed).toBe(false);
    await pass(1);
    await closing;
    expect(counts).toEqual({ stopped: 700 });
    expect(logger.of('traces_dropped')).toMatchObject([{ fields: { spans: 700 } }]);
    await pass(20_000);
    expect(counts).toEqual({ stopped: 700 });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not wait for a collector that refuses', async () => {
    const { queue, end, counts } = createSituation(refuse);
    end(600);
    await queue.close();
    expect(counts).toEqual({ export_failed: 512, stopped: 88 });
  });
});
