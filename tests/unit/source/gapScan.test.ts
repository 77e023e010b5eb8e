import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Change } from '../../../src/domain/change.ts';
import type { FoundDocument } from '../../../src/domain/gap.ts';
import { scanGaps } from '../../../src/source/gapScan.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';
import { aDocument, aPosition } from '../../support/builders.ts';
import { createFakeGaps, type FakeGaps } from '../../support/fakeGaps.ts';
import { deferred } from '../../support/fakePorts.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { until } from '../../support/until.ts';

const { wallTime: from } = aPosition(0);
const { wallTime: to } = aPosition(9);
const marginMs = 1_000;

function found(id: string, fields: object = { deliveryTime: from }): FoundDocument {
  const document = aDocument({ _id: id, sendTime: null, deliveryTime: null, ...fields });
  return { documentKey: { opaque: { _id: id } }, document };
}

async function startScan(
  gaps: FakeGaps,
  process: (change: Change) => Promise<boolean> = () => Promise.resolve(true),
  caughtUp: () => Promise<void> = () => Promise.resolve(),
  now?: () => number,
) {
  await gaps.add(from, to);
  const stop = new AbortController();
  const logger = createMemoryLogger();
  const zone = createTimeZone('+00:00');
  const partition = { gaps, caughtUp, stopping: stop.signal };
  const clock = now === undefined ? {} : { now };
  const done = scanGaps({ partition, marginMs, zone, ...clock, processChange: process, logger });
  done.catch(() => undefined);
  return { done, logger, stop: () => stop.abort(new Stopping()) };
}

type Scan = Awaited<ReturnType<typeof startScan>>;

async function scanned({ done, logger, stop }: Scan): Promise<unknown> {
  await until('the gap is scanned', () => logger.of('gap_scan_finished').length > 0);
  stop();
  await done;
  return logger.of('gap_scan_finished')[0]?.fields;
}

describe('a gap scan', () => {
  it('adds up, over all pages, what was new and what has no time', async () => {
    const pages = [[found('a'), found('b', {})], [], [found('c'), found('d'), found('e', {})]];
    const scan = await startScan(createFakeGaps(pages), ({ id }) => Promise.resolve(id !== 'd'));
    expect(await scanned(scan)).toEqual({ from, to, recovered: 2, unplaceable: 2 });
  });

  it('leaves alone what lies before the margin', async () => {
    const processed: unknown[] = [];
    const at = (ms: number): object => ({ deliveryTime: new Date(from.getTime() - ms) });
    const pages = [[found('a', at(marginMs)), found('b', at(marginMs + 1))]];
    const scan = await startScan(createFakeGaps(pages), ({ id }) => {
      processed.push(id);
      return Promise.resolve(true);
    });
    expect(await scanned(scan)).toMatchObject({ recovered: 1, unplaceable: 0 });
    expect(processed).toEqual(['a']);
  });

  it.each([
    ['within the gap where all later ones have been read', undefined, to],
    ['when it says, where they have not', 60_000, new Date(to.getTime() + 5_000)],
    ['when it was found at the latest', 2_000, new Date(to.getTime() + 2_000)],
    ['at the end of the gap at least', -20, to],
  ])('takes a status for one that was set %s', async (_what, foundAfterMs, statusAt) => {
    const changes: Change[] = [];
    const pages = [[found('a', { deliveryTime: new Date(to.getTime() + 5_000) })]];
    const process = (change: Change): Promise<boolean> => Promise.resolve(changes.push(change) > 0);
    const now = foundAfterMs === undefined ? undefined : (): number => to.getTime() + foundAfterMs;
    await scanned(await startScan(createFakeGaps(pages), process, undefined, now));
    expect(changes).toMatchObject([{ statusAt }]);
  });

  it('waits for the end of a gap that lasts on', async () => {
    let readAt = 0;
    const begunAt = performance.now();
    const process = async (): Promise<boolean> => {
      readAt = performance.now();
      return await Promise.resolve(true);
    };
    const scan = await startScan(
      createFakeGaps([[found('a')]]),
      process,
      undefined,
      () => to.getTime() - 300,
    );
    await scanned(scan);
    expect(readAt - begunAt).toBeGreaterThan(290);
  });

  it('names the first hundred that have no time, and counts the others', async () => {
    const ids = Array.from({ length: 260 }, (_each, index) => `sms-${index}`);
    const pages = [ids.slice(0, 60), ids.slice(60, 160), ids.slice(160)].map((page) =>
      page.map((id) => found(id, {})),
    );
    const scan = await startScan(createFakeGaps(pages));
    expect(await scanned(scan)).toMatchObject({ recovered: 0, unplaceable: 260 });
    const named = scan.logger.of('document_without_time').map(({ fields }) => fields['id']);
    expect(named).toEqual(ids.slice(0, 100));
  });

  it('reads the next page only when all of the one before is durable', async () => {
    const slow = deferred<boolean>();
    const processed: unknown[] = [];
    const gaps = createFakeGaps([[found('a'), found('b')], [found('c')]]);
    const scan = await startScan(gaps, async ({ id }) => {
      processed.push(id);
      return id === 'a' ? await slow.promise : true;
    });
    await until('the first page is being processed', () => processed.length === 2);
    await turn();
    expect(processed).toEqual(['a', 'b']);
    slow.resolve(true);
    expect(await scanned(scan)).toMatchObject({ recovered: 3 });
  });

  it('processes a page only when the stream has been read as far as that shows', async () => {
    const isThere = deferred<undefined>();
    const processed: unknown[] = [];
    const process = ({ id }: Change): Promise<boolean> => Promise.resolve(processed.push(id) > 0);
    let asked = 0;
    const scan = await startScan(createFakeGaps([[], [found('a')]]), process, async () => {
      asked += 1;
      await isThere.promise;
    });
    await until('it waits for the stream', () => asked > 0);
    await turn();
    expect(processed).toEqual([]);
    isThere.resolve(undefined);
    expect(await scanned(scan)).toMatchObject({ recovered: 1 });
    expect(asked).toBe(1);
  });

  it('leaves a page unpassed when a stop comes before all of it is durable', async () => {
    const gaps = createFakeGaps([[found('a'), found('b')]]);
    const scan = await startScan(gaps, async ({ id }) => {
      if (id === 'b') throw await Promise.resolve(new Stopping());
      return true;
    });
    await expect(scan.done).rejects.toThrow(Stopping);
    expect(gaps.open).toHaveLength(1);
    expect(await scanned(await startScan(gaps))).toMatchObject({ recovered: 2 });
  });
});
