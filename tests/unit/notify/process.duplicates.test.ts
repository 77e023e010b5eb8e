import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { AttemptOutcome } from '../../../src/domain/attempt.ts';
import type { Change } from '../../../src/domain/change.ts';
import type { DeliveryRecord } from '../../../src/domain/record.ts';
import { createRecorder } from '../../../src/notify/recorder.ts';
import { aChange, aDocument, answered, aRetry, aRecord, aReplace } from '../../support/builders.ts';
import { createFakeSender, deferred } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { until } from '../../support/until.ts';
import { createWorld, type World, type WorldOptions } from '../../support/world.ts';
import { handleIn } from './processing.ts';

const id = 'sms-1:DELIVERED';

function createSituation(options: WorldOptions = {}): World {
  const world = createWorld(options);
  world.database.documents.set('sms-1', aDocument());
  return world;
}

const handle = async (world: World, change: Change): Promise<boolean> =>
  await handleIn(world, change);

/** Has a notification ended before. */
const remember = async (world: World, record: DeliveryRecord, showRecord = true): Promise<void> => {
  const { notificationId } = record;
  const documentKey = { opaque: { _id: 'sms-1' } };
  const known = { documentKey, smsKey: 'sms-1', notificationId, claim: null, shows: null };
  await world.database.end({ ...known, record, showRecord, remember: true });
};

describe('a status that was notified before', () => {
  const expectDuplicate = (world: World): void => {
    expect(world.sender.sent).toEqual([]);
    expect(world.routes.asked).toEqual([]);
    expect(world.metrics.reported).toEqual([['notNotified', 'duplicate']]);
  };

  const shown = { notify_on_delivery: { notificationId: id, state: 'delivered' } };

  it.each<[string, Change]>([
    ['an update', aChange()],
    ['a replace', aReplace(shown)],
  ])('is not notified again by %s: the ledger remembers it', async (_what, change) => {
    const world = createSituation();
    world.database.documents.set('sms-1', aDocument(shown));
    await remember(world, aRecord());
    await handle(world, change);
    expectDuplicate(world);
    expect(world.database.endings).toHaveLength(1);
  });

  it('is not notified again when only its record remembers it', async () => {
    const world = createSituation();
    const failed = { notify_on_delivery: { notificationId: id, state: 'failed' } };
    world.database.documents.set('sms-1', aDocument(failed));
    await handle(world, aChange());
    expectDuplicate(world);
  });

  it('is not notified again, even when the document has become unusable', async () => {
    const world = createSituation();
    await remember(world, aRecord());
    world.database.documents.set('sms-1', aDocument({ accountID: null }));
    await handle(world, aChange());
    expectDuplicate(world);
  });

  it('does not keep another status from being notified', async () => {
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
        remember: false,
        claim: null,
        shows: null,
      })),
    );
    expect(
      world.logger.of('record_restored').map(({ fields }) => fields['notificationId']),
    ).toEqual(['sms-1:SENT', id]);
  });

  it('gets its record after an update too, when a predecessor died before it wrote that', async () => {
    const world = createSituation();
    await remember(world, aRecord());
    await handle(world, aChange());
    expectDuplicate(world);
    expect(world.database.endings.at(-1)).toMatchObject({ record: aRecord(), remember: false });
  });

  it('is acknowledged only once its record is back for good', async () => {
    const world = createSituation();
    await remember(world, aRecord());
    const durable = deferred<undefined>();
    const outcomes = { end: async () => await durable.promise };
    const recorder = createRecorder({ ...world.ctx, outcomes, recordSkips: true });
    const handled = handle({ ...world, ctx: { ...world.ctx, recorder } }, aReplace());
    const seen = watch(handled);
    await turn();
    expect(seen.isSettled).toBe(false);
    durable.resolve(undefined);
    await handled;
  });

  it('gets its record back before a further status is notified that the same save brought', async () => {
    const world = createSituation();
    const sent = aRecord({ deliveryStatus: 'SENT' });
    await remember(world, sent);
    await handle(world, aReplace());
    const ends = world.database.endings.slice(1);
    expect(ends.map(({ notificationId, remember: isEnd }) => [notificationId, isEnd])).toEqual([
      ['sms-1:SENT', false],
      [id, true],
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

describe('a status that is being notified', () => {
  const createCalling = async () => {
    const answer = deferred<AttemptOutcome>();
    const world = createSituation({ sender: createFakeSender(() => answer.promise) });
    const first = handle(world, aChange());
    await until('it is called', () => world.sender.sent.length > 0);
    const end = async (): Promise<void> => {
      answer.resolve(answered(200));
      expect(await first).toBe(true);
    };
    return { world, end };
  };

  it.each<[string, Change]>([
    ['update', aChange()],
    ['replace', aReplace()],
  ])(
    'is not notified again by an %s meanwhile, which is acknowledged at once',
    async (_what, change) => {
      const { world, end } = await createCalling();
      expect(await handle(world, change)).toBe(false);
      expect(world.metrics.reported).toEqual([['notNotified', 'duplicate']]);
      await end();
      expect(world.sender.sent).toHaveLength(1);
      expect(world.database.endings).toHaveLength(1);
    },
  );

  it('does not keep records of older statuses from being put back', async () => {
    const { world, end } = await createCalling();
    const sent = aRecord({ deliveryStatus: 'SENT' });
    await remember(world, sent);
    await handle(world, aReplace());
    expect(world.database.endings.at(-1)).toMatchObject({ record: sent, remember: false });
    await end();
    expect(world.sender.sent).toHaveLength(1);
  });

  it('is a duplicate after its end as before', async () => {
    const { world, end } = await createCalling();
    await end();
    expect(world.ctx.active.size).toBe(0);
    expect(await handle(world, aChange())).toBe(false);
    expect(world.sender.sent).toHaveLength(1);
  });
});

describe('a status that waits in durable state', () => {
  it.each<[string, Change]>([
    ['update', aChange()],
    ['replace', aReplace()],
  ])('is not notified again by an %s, and its row is left as it is', async (_what, change) => {
    const world = createSituation();
    await world.retries.schedule(aRetry(), 30_000);
    const row = world.retries.rows.get(id);
    expect(await handle(world, change)).toBe(false);
    expect(world.metrics.reported).toEqual([['notNotified', 'duplicate']]);
    expect(world.retries.rows.get(id)).toBe(row);
    expect(world.routes.asked).toEqual([]);
    expect(world.sender.sent).toEqual([]);
  });
});
