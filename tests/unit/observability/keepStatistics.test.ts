import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { CountedSpan } from '../../../src/domain/countedSpan.ts';
import { createEndpointCounts } from '../../../src/observability/endpointCounts.ts';
import { createStatisticsWriter } from '../../../src/observability/keepStatistics.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aCalled, answered } from '../../support/builders.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';

const stoppings: AbortController[] = [];

beforeEach(() => {
  jest.useFakeTimers({ now: Date.parse('2026-01-31T10:00:00Z') });
});
afterEach(() => {
  for (const stopping of stoppings.splice(0)) stopping.abort(new Stopping());
  jest.useRealTimers();
});

/** A writer at work; `answer` is what each write comes to. */
function begin(answer: () => Promise<void> = () => Promise.resolve()) {
  const counts = createEndpointCounts(() => Date.now());
  const written: (readonly CountedSpan[])[] = [];
  const logger = createMemoryLogger();
  const store = {
    async write(spans: readonly CountedSpan[]) {
      written.push(spans);
      await answer();
    },
  };
  const writer = createStatisticsWriter({ counts, store, logger, random: () => 0.5 });
  const stopping = new AbortController();
  stoppings.push(stopping);
  const running = writer.keepWritten(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort(new Stopping());
    await running;
  };
  return { counts, written, logger, writer, stop };
}

const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

describe('statistics', () => {
  it('are written some seconds after something happened, all in one', async () => {
    const { counts, written } = begin();
    counts.attempted(aCalled(), answered(200));
    await pass(12_000);
    expect(written).toEqual([]);
    counts.attempted(aCalled(), answered(200));
    await pass(500);
    expect(written).toHaveLength(1);
    expect(written[0]).toMatchObject([{ calls: 2 }, { calls: 2 }]);
  });

  it('cost no timer and no write while nothing happens', async () => {
    const { counts, written } = begin();
    await pass(0);
    expect(jest.getTimerCount()).toBe(0);
    counts.attempted(aCalled(), answered(200));
    await pass(20_000);
    expect(written).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('of very many endpoints are written a part at a time, and more seldom', async () => {
    const { counts, written } = begin();
    for (let index = 0; index < 1_200; index += 1) {
      counts.attempted(aCalled(`endpoint-${index}`), answered(200));
    }
    await pass(13_000);
    expect(written.map(({ length }) => length)).toEqual([
      ...Array.from({ length: 12 }, () => 100),
      1,
    ]);
    const before = written.length;
    counts.attempted(aCalled(), answered(200));
    await pass(15_000);
    expect(written).toHaveLength(before);
    await pass(1_000);
    expect(written).toHaveLength(before + 1);
  });

  it('that can not be written come again, seldom, and are told of once', async () => {
    let isBroken = true;
    const { counts, written, logger } = begin(async () => {
      await Promise.resolve();
      if (isBroken) throw new Error('no primary');
    });
    counts.attempted(aCalled(), answered(200));
    await pass(3_600_000);
    expect(written.length).toBeGreaterThan(10);
    expect(written.length).toBeLessThan(30);
    expect(logger.lines).toMatchObject([
      { level: 'warn', event: 'database_retry', fields: { what: 'statistics' } },
    ]);
    isBroken = false;
    await pass(300_000);
    expect(written.at(-1)).toMatchObject([{ calls: 1 }, { calls: 1 }]);
    expect(counts.changed()).toBe(0);
    const before = written.length;
    counts.attempted(aCalled(), answered(200));
    await pass(13_000);
    expect(written).toHaveLength(before + 1);
  });
});

describe('a stop', () => {
  it('writes what is left once more, also what was under way', async () => {
    const first = Promise.withResolvers<undefined>();
    let writes = 0;
    const { counts, written, writer, stop } = begin(async () => {
      writes += 1;
      if (writes === 1) await first.promise;
    });
    counts.attempted(aCalled(), answered(200));
    await pass(13_000);
    expect(written).toHaveLength(1);
    await stop();
    counts.attempted(aCalled('other'), answered(200));
    await writer.writeLast(new AbortController().signal);
    expect(written[1]?.filter(({ of }) => of === 'endpoint')).toHaveLength(2);
    expect(counts.changed()).toBe(0);
  });

  it('waits two seconds for that at most', async () => {
    const { counts, writer, stop } = begin(() => new Promise<never>(() => undefined));
    counts.attempted(aCalled(), answered(200));
    await stop();
    const last = writer.writeLast(new AbortController().signal);
    await pass(2_000);
    expect(await last).toBeUndefined();
  });

  it('waits no longer than there is time', async () => {
    const { counts, written, writer, stop } = begin(() => new Promise<never>(() => undefined));
    counts.attempted(aCalled(), answered(200));
    await stop();
    const abandoned = new AbortController();
    const last = writer.writeLast(abandoned.signal);
    abandoned.abort(new Stopping());
    expect(await last).toBeUndefined();
    await writer.writeLast(abandoned.signal);
    expect(written).toHaveLength(1);
  });

  it('with nothing left writes nothing', async () => {
    const { written, writer, stop } = begin();
    await stop();
    await writer.writeLast(new AbortController().signal);
    expect(written).toEqual([]);
  });
});
