import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Change } from '../../../src/domain/change.ts';
import type { DeliveryRecord } from '../../../src/domain/record.ts';
import { takeIn } from '../../../src/domain/takeIn.ts';
import { handleChange } from '../../../src/pipeline/handleChange.ts';
import { aChange, aDocument, aRecord, aReplace } from '../../support/builders.ts';
import { deferred } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { createWorld, type World } from '../../support/world.ts';

const id = 'sms-1:DELIVERED';

function createSituation(): World {
  const world = createWorld();
  world.database.documents.set('sms-1', aDocument());
  return world;
}

const handle = async (world: World, change: Change): Promise<void> => {
  const intake = takeIn(change, new Set());
  if (intake.kind !== 'subject') throw new Error(intake.kind);
  await handleChange(change, intake.subject, world.deps);
};

/** Has a notification ended before. */
const remember = async (world: World, record: DeliveryRecord, showRecord = true): Promise<void> => {
  const { notificationId } = record;
  const documentKey = { opaque: { _id: 'sms-1' } };
  const known = { documentKey, smsKey: 'sms-1', notificationId, restoresRecord: false };
  await world.database.end({ ...known, record, showRecord });
};

describe('a status that was told before', () => {
  const expectDuplicate = (world: World): void => {
    expect(world.sender.sent).toEqual([]);
    expect(world.routes.asked).toEqual([]);
    expect(world.metrics.told).toEqual([['notNotified', 'duplicate']]);
  };

  it.each<[string, Change]>([
    ['an update', aChange()],
    ['a replace', aReplace({ notify_on_delivery: { notificationId: id, state: 'delivered' } })],
  ])('is not told again by %s: the ledger remembers it', async (_what, change) => {
    const world = createSituation();
    await remember(world, aRecord());
    await handle(world, change);
    expectDuplicate(world);
    expect(world.database.endings).toHaveLength(1);
  });

  it('is not told again when only its record remembers it', async () => {
    const world = createSituation();
    const shown = { notify_on_delivery: { notificationId: id, state: 'failed' } };
    world.database.documents.set('sms-1', aDocument(shown));
    await handle(world, aChange());
    expectDuplicate(world);
  });

  it('is not told again, even when the document has become unusable', async () => {
    const world = createSituation();
    await remember(world, aRecord());
    world.database.documents.set('sms-1', aDocument({ accountID: null }));
    await handle(world, aChange());
    expectDuplicate(world);
  });

  it('does not keep another status from being told', async () => {
    const world = createSituation();
    await remember(world, aRecord({ deliveryStatus: 'SENT' }));
    await handle(world, aChange());
    expect(world.sender.sent).toHaveLength(1);
  });

  it('gets the records back that a whole-document save removed, and nobody is called', async () => {
    const world = createSituation();
    const sent = aRecord({ deliveryStatus: 'SENT' });
    await remember(world, sent);
    await remember(world, aRecord());
    await handle(world, aReplace());
    expectDuplicate(world);
    expect(world.database.endings.slice(2)).toEqual(
      [sent, aRecord()].map((record) => ({
        documentKey: { opaque: { _id: 'sms-1' } },
        smsKey: 'sms-1',
        notificationId: record.notificationId,
        record,
        showRecord: true,
        restoresRecord: true,
      })),
    );
    expect(
      world.logger.of('record_restored').map(({ fields }) => fields['notificationId']),
    ).toEqual(['sms-1:SENT', id]);
  });

  it('is settled only once its record is back for good', async () => {
    const world = createSituation();
    await remember(world, aRecord());
    const durable = deferred<undefined>();
    const outcomes = { end: async () => await durable.promise };
    const handled = handle({ ...world, deps: { ...world.deps, outcomes } }, aReplace());
    const seen = watch(handled);
    await turn();
    expect(seen.isSettled).toBe(false);
    durable.resolve(undefined);
    await handled;
  });

  it('gets its record back before a further status is told that the same save brought', async () => {
    const world = createSituation();
    const sent = aRecord({ deliveryStatus: 'SENT' });
    await remember(world, sent);
    await handle(world, aReplace());
    const ends = world.database.endings.slice(1);
    expect(
      ends.map(({ notificationId, restoresRecord }) => [notificationId, restoresRecord]),
    ).toEqual([
      ['sms-1:SENT', true],
      [id, false],
    ]);
    expect(world.sender.sent).toHaveLength(1);
  });

  it('gets no record that was never to be shown', async () => {
    const world = createSituation();
    await remember(world, aRecord({ state: 'skipped' }), false);
    await handle(world, aReplace());
    expectDuplicate(world);
    expect(world.database.endings).toHaveLength(1);
  });
});
