import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Change } from '../../../src/domain/change.ts';
import type { PlainDocument } from '../../../src/domain/plainValue.ts';
import type { DeliveryRecord } from '../../../src/domain/record.ts';
import { restoreAfterSave } from '../../../src/notify/restore.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { createByteBudget } from '../../../src/runtime/byteBudget.ts';
import {
  aChange,
  aDocument,
  aLog,
  answered,
  aRetry,
  aPosition,
  aRecord,
  aReplace,
  aSave,
  aSubject,
  anEndedSubject,
} from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { deferred, reading } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { until } from '../../support/until.ts';
import { createWorld, runWorld, type World } from '../../support/world.ts';
import { runUntil, savedAt } from '../running.ts';

const sms = { documentKey: { opaque: { _id: 'sms-1' } }, smsKey: 'sms-1' };
const sent = aRecord({ deliveryStatus: 'SENT' });
const delivered = aRecord();

/** An SMS of which two statuses were notified. */
async function createNotified(fields: PlainDocument = {}): Promise<World> {
  const world = createWorld({ deliveryStatuses: ['SENT', 'DELIVERED'] });
  world.database.documents.set('sms-1', aDocument(fields));
  for (const record of [sent, delivered]) {
    const { deliveryStatus } = record;
    await world.ctx.recorder.end(anEndedSubject({ deliveryStatus }), record, null);
  }
  return world;
}

/** The records put back, in the order of their statuses' names. */
function restored({ database }: World): readonly (DeliveryRecord | null)[] {
  const shown = database.endings.filter((ending) => !ending.remember && ending.showRecord);
  return shown
    .toSorted((one, other) => (one.notificationId < other.notificationId ? -1 : 1))
    .map((ending) => ending.record);
}

const notificationIdOf = ({ notificationId }: DeliveryRecord): string => notificationId;

describe('a whole-document save that notifies nobody', () => {
  it.each<[string, Change, readonly unknown[]]>([
    ['without a status', aSave(), []],
    ['an insert whose status is null', aSave({ operation: 'insert' }), []],
    [
      'with a status that is not asked for',
      { ...aReplace(), deliveryStatus: 'READ' },
      [['notNotified', 'filtered_status']],
    ],
    [
      'with a status that is no text',
      { ...aReplace(), deliveryStatus: 5 },
      [['notificationEnded', 'skipped', 'unusable_document']],
    ],
  ])('gets its records back: %s', async (_what, change, counted) => {
    const world = await createNotified();
    const before = world.metrics.reported.length;
    world.source.append(reading(change));
    await runUntil(world, 'both are back', () => restored(world).length === 2);
    expect(restored(world)).toEqual([delivered, sent]);
    const notified = world.metrics.reported.slice(before);
    const counts = notified.filter(([what]) => ['notNotified', 'notificationEnded'].includes(what));
    expect(counts).toEqual(counted);
    expect(world.routes.asked).toEqual([]);
    expect(world.sender.sent).toEqual([]);
    expect(savedAt(world).at(-1)).toBe(1);
  });

  it.each<[string, Change]>([
    ['an update', aChange({ deliveryStatus: 'READ' })],
    ['a save of an SMS that can not be named', aSave({ id: null })],
  ])('leads to no look-up when it is %s', async (_what, change) => {
    const world = await createNotified();
    world.source.append(reading(change));
    await runUntil(world, 'it is settled', () => world.source.isCaughtUp);
    expect(world.database.lookups).toEqual([]);
    expect(savedAt(world).at(-1)).toBe(1);
  });

  it('holds its place in the window until its records are durable', async () => {
    const held = deferred<undefined>();
    const database = createFakeDatabase(async (port) => {
      if (port === 'end done') await held.promise;
    });
    const world = createWorld({ database, maxUnacked: 1 });
    database.documents.set('sms-1', aDocument());
    void world.ctx.recorder.end(anEndedSubject(), delivered, null);
    world.source.append(reading(aSave()), reading(aSave({ id: 'b', position: aPosition(2) })));
    const done = runWorld(world.pipeline);
    await until('it is being restored', () => restored(world).length === 1);
    await turn();
    expect(world.database.lookups).toHaveLength(1);
    held.resolve(undefined);
    await until('the next one is looked up', () => world.database.lookups.length === 2);
    world.stopping.abort(new Stopping());
    await done;
    expect(savedAt(world).at(-1)).toBe(2);
  });
});

describe('restoreAfterSave', () => {
  it('writes nothing when the document shows all it is to show', async () => {
    const earlier = [{ notificationId: notificationIdOf(sent), state: 'delivered' }];
    const record = { notificationId: notificationIdOf(delivered), state: 'delivered', earlier };
    const world = await createNotified({ notify_on_delivery: record });
    await restoreAfterSave(sms, world.ctx);
    expect(world.database.lookups).toEqual([[{ ...sms, wants: 'records' }]]);
    expect(restored(world)).toEqual([]);
  });

  it('writes nothing for a document that is gone', async () => {
    const world = await createNotified();
    world.database.documents.clear();
    await restoreAfterSave(sms, world.ctx);
    expect(restored(world)).toEqual([]);
  });

  it.each<[string, PlainDocument, boolean]>([
    ['removed', {}, true],
    ['turned back', { notificationId: 'sms-1:FAILED', state: 'retrying', attempts: 1 }, true],
    ['left alone', { notificationId: 'sms-1:FAILED', state: 'retrying', attempts: 2 }, false],
  ])('looks for the record of what waits for a retry: %s', async (_how, shown, isLost) => {
    const world = createWorld();
    const subject = aSubject({ deliveryStatus: 'FAILED' });
    const log = aLog(answered(500), answered(503));
    world.database.documents.set('sms-1', aDocument({ notify_on_delivery: shown }));
    const nextAttemptAt = await world.retries.schedule(aRetry({ subject, log }), 60_000);
    await restoreAfterSave(sms, world.ctx);
    const record = { state: 'retrying', attempts: 2, statusCode: 503, nextAttemptAt };
    expect(restored(world)).toMatchObject(isLost ? [record] : []);
  });

  it('leaves alone what is being called, or waits for its first call', async () => {
    const world = createWorld();
    world.database.documents.set('sms-1', aDocument());
    await world.retries.schedule(aRetry(), 60_000);
    const subject = aSubject({ deliveryStatus: 'FAILED' });
    await world.retries.scheduleClaimed(aRetry({ subject, log: aLog(answered(500)) }));
    await restoreAfterSave(sms, world.ctx);
    expect(restored(world)).toEqual([]);
  });

  it('holds what it has looked up until that is durable', async () => {
    const world = await createNotified();
    const remembered = createByteBudget(1000);
    const isDurable = deferred<undefined>();
    const restoring = watch(
      restoreAfterSave(sms, {
        ...world.ctx,
        memory: { ...world.ctx.memory, remembered },
        async lookUp(request, hold) {
          hold.add(600);
          return await world.ctx.lookUp(request, hold);
        },
        recorder: { ...world.ctx.recorder, show: () => isDurable.promise },
      }),
    );
    await turn();
    expect([remembered.room, restoring.isSettled]).toEqual([400, false]);
    isDurable.resolve(undefined);
    await until('restored', () => restoring.isSettled);
    expect(remembered.room).toBe(1000);
  });

  it('does not begin after a stop', async () => {
    const world = await createNotified();
    const reason = new Stopping();
    world.stopping.abort(reason);
    await expect(restoreAfterSave(sms, world.ctx)).rejects.toBe(reason);
    expect(world.database.lookups).toEqual([]);
  });
});
