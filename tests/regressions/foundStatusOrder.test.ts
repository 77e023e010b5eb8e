import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { changeInGap, notBeforeKnown, type FoundDocument, type Gap } from '../../src/domain/gap.ts';
import type { DeliveryRecord } from '../../src/domain/record.ts';
import { StreamFailure } from '../../src/ports/source.ts';
import { identify } from '../../src/domain/identify.ts';
import { evaluate } from '../../src/notify/evaluate.ts';
import { noTrace } from '../../src/ports/tracing.ts';
import { Stopping } from '../../src/runtime/abort.ts';
import { aChange, aDocument, aRetry, aPosition, aRecord, aSubject } from '../support/builders.ts';
import { createFakeGaps } from '../support/fakeGaps.ts';
import { createFakeCheckpoints } from '../support/fakeCheckpoints.ts';
import { createFakeSource, reading } from '../support/fakePorts.ts';
import { nothingHeld } from '../../src/runtime/byteBudget.ts';
import { until } from '../support/until.ts';
import { createWorld, runWorld, type World } from '../support/world.ts';

// The record shows the newest status, by its time. A search places what it finds by the carrier's time, which runs
// behind, moved into the gap: SENT, which came by the stream, looked newer than DELIVERED, which the search found.
const at = (place: number): Date => aPosition(place).wallTime;

function found(fields: object): FoundDocument {
  const document = aDocument({ _id: 'a', deliveryStatus: 'DELIVERED', ...fields });
  return { documentKey: { opaque: { _id: 'a' } }, document };
}

/** A database that is at place 8, a stream that is at 5, and a gap from 0 to 5 in which the search finds `page`. */
async function begin(page: readonly FoundDocument[], to = 5) {
  const source = Object.assign(createFakeSource(), {
    currentPosition: () => Promise.resolve(aPosition(8)),
  });
  const gaps = createFakeGaps([page]);
  const world = createWorld({ source, gaps, checkpoints: createFakeCheckpoints(aPosition(5)) });
  world.database.documents.set('a', aDocument({ _id: 'a' }));
  await gaps.add(at(0), at(to));
  return world;
}

async function run(world: World, meanwhile: () => Promise<void>): Promise<void> {
  const done = runWorld(world.pipeline);
  await meanwhile();
  world.stopping.abort(new Stopping());
  await done;
}

function recordOf({ database }: World, id: string): DeliveryRecord {
  const record = database.ended(id)?.record;
  if (record === undefined || record === null) throw new Error(`${id} has no record`);
  return record;
}

const isScanned =
  ({ logger }: World) =>
  (): boolean =>
    logger.of('gap_scan_finished').length > 0;

describe('a status that a search finds', () => {
  it('is no older than one that the stream still brings, though the stream lags behind the search', async () => {
    const world = await begin([found({ deliveryTime: at(3) })]);
    await run(world, async () => {
      await until('the stream is open', () => world.source.isCaughtUp);
      for (let round = 0; round < 50; round += 1) await turn();
      for (const [place, deliveryStatus] of [
        [7, 'SENT'],
        [8, 'DELIVERED'],
      ] as const) {
        const change = { id: 'a', deliveryStatus, position: aPosition(place) };
        world.source.append(reading(aChange(change)));
      }
      await until('the gap is scanned', isScanned(world));
    });
    expect(recordOf(world, 'a:SENT').statusAt).toEqual(at(7));
    expect(recordOf(world, 'a:DELIVERED').statusAt).toEqual(at(8));
  });

  it.each([
    [
      'ended',
      async ({ ctx }: World) =>
        await ctx.recorder.end({ ...sentBefore, accountId: 28 }, aSentRecord, null),
    ],
    [
      'being called',
      async ({ retries }: World) =>
        void (await retries.scheduleClaimed(aRetry({ subject: sentBefore }))),
    ],
    [
      'waiting for a retry',
      async ({ retries }: World) =>
        void (await retries.schedule(aRetry({ subject: sentBefore }), 60_000)),
    ],
  ])('is no older than one that the stream showed before: %s', async (_, tell) => {
    const world = await begin([found({ deliveryTime: at(-60) })]);
    world.source.append({ kind: 'idle', position: aPosition(8) });
    await tell(world);
    const change = changeInGap(found({ deliveryTime: at(-60) }), gap, {
      zone: world.ctx.policy.zone,
      position: aPosition(0),
    });
    const identity = change === null ? null : identify(change, new Set());
    if (change === null || identity?.kind !== 'subject') throw new Error('it can not be placed');
    const { subject } = identity;
    const evaluated = {
      change,
      subject,
      acceptedAt: new Date(),
      hold: nothingHeld,
      trace: noTrace,
    };
    expect(await evaluate({ ...evaluated, isActive: false }, world.ctx)).toMatchObject({
      notification: { statusAt: at(4) },
    });
  });

  it('is not made newer by one that came after the gap', () => {
    expect(notBeforeKnown({ statusAt: at(2), setBefore: at(5) }, [at(6), at(3), at(1)])).toEqual(
      at(3),
    );
  });
});

const gap = { id: 'gap', from: at(0), to: at(5) };
const sentBefore = aSubject({ smsKey: 'a', deliveryStatus: 'SENT', statusAt: at(4) });
const aSentRecord = aRecord({
  deliveryStatus: 'SENT',
  notificationId: 'a:SENT',
  statusAt: at(4),
});

describe('a gap', () => {
  it('begins where reading stood, not where something unacknowledged holds the checkpoint', async () => {
    const world = await begin([], 1);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { lookUp } = world.database;
    world.database.lookUp = async (requests) => {
      await held;
      return await lookUp(requests);
    };
    // It may be searched and gone before anybody looks.
    const put: Pick<Gap, 'from' | 'to'>[] = [];
    const { add } = world.gaps;
    world.gaps.add = async (from, to) => {
      put.push({ from, to });
      await add(from, to);
    };
    world.source.append(
      reading(aChange({ id: 'a', position: aPosition(6) })),
      reading(aChange({ id: 'b', position: aPosition(7) })),
      new StreamFailure('historyLost', '286', new Error('gone')),
    );
    await run(world, async () => {
      await until('it is recorded', () => put.length > 0);
      expect(put).toEqual([{ from: at(7), to: at(8) }]);
      release();
    });
  });
});
