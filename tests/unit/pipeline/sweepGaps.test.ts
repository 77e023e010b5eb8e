import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Change } from '../../../src/domain/change.ts';
import type { FoundDocument } from '../../../src/domain/gap.ts';
import { sweepGaps } from '../../../src/pipeline/sweepGaps.ts';
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

async function startSweep(
  gaps: FakeGaps,
  handle: (change: Change) => Promise<boolean> = () => Promise.resolve(true),
  streamIsThere: () => Promise<void> = () => Promise.resolve(),
) {
  await gaps.add(from, to);
  const stop = new AbortController();
  const logger = createMemoryLogger();
  const zone = createTimeZone('+00:00');
  const deps = { gaps, marginMs, zone, handle, streamIsThere, logger, stopping: stop.signal };
  const done = sweepGaps(deps);
  done.catch(() => undefined);
  return { done, logger, stop: () => stop.abort(new Stopping()) };
}

type Sweep = Awaited<ReturnType<typeof startSweep>>;

async function swept({ done, logger, stop }: Sweep): Promise<unknown> {
  await until('the gap is swept', () => logger.of('gap_swept').length > 0);
  stop();
  await done;
  return logger.of('gap_swept')[0]?.fields;
}

describe('a sweep', () => {
  it('adds up, over all pages, what was news and what has no time', async () => {
    const pages = [[found('a'), found('b', {})], [], [found('c'), found('d'), found('e', {})]];
    const sweep = await startSweep(createFakeGaps(pages), ({ id }) => Promise.resolve(id !== 'd'));
    expect(await swept(sweep)).toEqual({ from, to, recovered: 2, unplaceable: 2 });
  });

  it('leaves alone what lies before the margin', async () => {
    const told: unknown[] = [];
    const at = (ms: number): object => ({ deliveryTime: new Date(from.getTime() - ms) });
    const pages = [[found('a', at(marginMs)), found('b', at(marginMs + 1))]];
    const sweep = await startSweep(createFakeGaps(pages), ({ id }) => {
      told.push(id);
      return Promise.resolve(true);
    });
    expect(await swept(sweep)).toMatchObject({ recovered: 1, unplaceable: 0 });
    expect(told).toEqual(['a']);
  });

  it('names the first hundred that have no time, and counts the others', async () => {
    const ids = Array.from({ length: 260 }, (_each, index) => `sms-${index}`);
    const pages = [ids.slice(0, 60), ids.slice(60, 160), ids.slice(160)].map((page) =>
      page.map((id) => found(id, {})),
    );
    const sweep = await startSweep(createFakeGaps(pages));
    expect(await swept(sweep)).toMatchObject({ recovered: 0, unplaceable: 260 });
    const named = sweep.logger.of('unplaceable_document').map(({ fields }) => fields['id']);
    expect(named).toEqual(ids.slice(0, 100));
  });

  it('goes on to the next page only when all of the one before is settled', async () => {
    const slow = deferred<boolean>();
    const told: unknown[] = [];
    const gaps = createFakeGaps([[found('a'), found('b')], [found('c')]]);
    const sweep = await startSweep(gaps, async ({ id }) => {
      told.push(id);
      return id === 'a' ? await slow.promise : true;
    });
    await until('the first page is under way', () => told.length === 2);
    await turn();
    expect(told).toEqual(['a', 'b']);
    slow.resolve(true);
    expect(await swept(sweep)).toMatchObject({ recovered: 3 });
  });

  it('tells of a page only when the stream has been read as far as that shows', async () => {
    const isThere = deferred<undefined>();
    const told: unknown[] = [];
    const handle = ({ id }: Change): Promise<boolean> => Promise.resolve(told.push(id) > 0);
    let asked = 0;
    const sweep = await startSweep(createFakeGaps([[], [found('a')]]), handle, async () => {
      asked += 1;
      await isThere.promise;
    });
    await until('it waits for the stream', () => asked > 0);
    await turn();
    expect(told).toEqual([]);
    isThere.resolve(undefined);
    expect(await swept(sweep)).toMatchObject({ recovered: 1 });
    expect(asked).toBe(1);
  });

  it('leaves a page unpassed when a stop comes before all of it is settled', async () => {
    const gaps = createFakeGaps([[found('a'), found('b')]]);
    const sweep = await startSweep(gaps, async ({ id }) => {
      if (id === 'b') throw await Promise.resolve(new Stopping());
      return true;
    });
    await expect(sweep.done).rejects.toThrow(Stopping);
    expect(gaps.open).toHaveLength(1);
    expect(await swept(await startSweep(gaps))).toMatchObject({ recovered: 2 });
  });
});
