import { describe, expect, it } from '@jest/globals';
import type { DeliveryRecord } from '../../../src/domain/record.ts';
import { createRecorder, type Recorder } from '../../../src/notify/recorder.ts';
import { anEndedSubject, aRetry, aRecord } from '../../support/builders.ts';
import { deferred } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { createWorld, type World, type WorldOptions } from '../../support/world.ts';
import { newClaim } from '../../support/someRetries.ts';

const subject = anEndedSubject();
const id = subject.notificationId;
const { documentKey } = subject;
const known = { documentKey, smsKey: 'sms-1', notificationId: id, shows: null };

function createEnding(options: WorldOptions = {}): World & { readonly end: Recorder } {
  const world = createWorld(options);
  return { ...world, end: world.ctx.recorder };
}

describe('an end', () => {
  it.each<[string, Partial<DeliveryRecord>, string, string[]]>([
    ['delivered', {}, '', []],
    ['failed', { reason: 'expired' }, 'expired', ['notification_failed']],
    ['skipped', { reason: 'stale' }, 'stale', ['notification_skipped']],
  ])('is remembered, shown and counted: %s', async (state, fields, reason, events) => {
    const { end, database, metrics, logger } = createEnding();
    const record = aRecord({ state: state as DeliveryRecord['state'], ...fields });
    await end.end(subject, record, null);
    const accountId = 28;
    const ending = { ...known, accountId, record, claim: null, showRecord: true, remember: true };
    expect(database.endings).toEqual([ending]);
    expect(metrics.reported).toEqual([['notificationEnded', state, reason]]);
    expect(logger.lines.map(({ event }) => event)).toEqual(events);
  });

  // The line named the notification alone: whose webhook it was had to be looked up in the record.
  it('that failed is logged with account, webhook and the last answer', async () => {
    const { end, logger } = createEnding();
    const fields = { reason: 'attempts_exhausted', attempts: 11, statusCode: 503 } as const;
    await end.end(subject, aRecord({ state: 'failed', webhookId: 7, ...fields }), null);
    const unknown = { ...subject, accountId: null };
    await end.end(unknown, aRecord({ state: 'failed', reason: 'expired' }), null);
    expect(logger.of('notification_failed').map((line) => line.fields)).toMatchObject([
      { notificationId: id, accountId: 28, webhookId: 7, ...fields },
      { notificationId: id, accountId: null, reason: 'expired' },
    ]);
  });

  it('of a skipped one is not shown when skips are not to be recorded, one that failed is', async () => {
    const { end, database } = createEnding({ recordSkips: false });
    await end.end(subject, aRecord({ state: 'skipped', reason: 'stale' }), null);
    await end.end(subject, aRecord({ state: 'failed', reason: 'expired' }), null);
    expect(database.endings).toMatchObject([
      { showRecord: false, remember: true },
      { showRecord: true, remember: true },
    ]);
  });

  it('removes the row it holds, and no other', async () => {
    const { end, retries } = createEnding();
    const claim = await newClaim(retries, aRetry());
    await end.end(subject, aRecord(), 'of somebody else');
    expect(retries.rows.size).toBe(1);
    await end.end(subject, aRecord(), claim);
    expect(retries.rows.size).toBe(0);
  });

  it('is counted only once it is durable', async () => {
    const world = createWorld();
    const durable = deferred<undefined>();
    const outcomes = { end: async () => await durable.promise };
    const end = createRecorder({ ...world.ctx, outcomes, recordSkips: true });
    const written = end.end(subject, aRecord(), null);
    expect(world.metrics.reported).toEqual([]);
    expect(watch(written).isSettled).toBe(false);
    durable.resolve(undefined);
    await written;
    expect(world.metrics.reported).toHaveLength(1);
  });
});

describe('a record that is shown without an end', () => {
  it('is not remembered, nor counted, and removes no row', async () => {
    const { end, database, metrics, retries } = createEnding();
    await retries.scheduleClaimed(aRetry());
    const record = aRecord({ state: 'retrying', nextAttemptAt: new Date() });
    await end.show(subject, record);
    const ending = { ...known, record, claim: null, showRecord: true, remember: false };
    expect(database.endings).toEqual([ending]);
    expect(database.ended(id)).toBeUndefined();
    expect(metrics.reported).toEqual([]);
    expect(retries.rows.size).toBe(1);
  });

  it('goes by its own name: one put back may be of an older status of the SMS', async () => {
    const { end, database } = createEnding();
    const older = aRecord({ deliveryStatus: 'SENT' });
    await end.show(subject, older);
    expect(database.endings).toMatchObject([{ notificationId: 'sms-1:SENT', record: older }]);
  });
});

describe('a row whose notification has ended elsewhere', () => {
  it.each<[string, DeliveryRecord | null, boolean]>([
    ['shows that end once more', aRecord(), true],
    ['shows nothing when there was nothing to show', null, false],
  ])('is removed, and %s', async (_what, record, showRecord) => {
    const { end, database, metrics, retries } = createEnding();
    const claim = await newClaim(retries, aRetry());
    await end.closeRow(subject, record, claim);
    const ending = { ...known, record, claim, showRecord, remember: false };
    expect(database.endings).toEqual([ending]);
    expect(retries.rows.size).toBe(0);
    expect(metrics.reported).toEqual([]);
  });
});
