import { beforeAll, expect, it } from '@jest/globals';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { buildPayload } from '../../src/domain/payload.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import { toPlainDocument } from '../../src/mongo/plainDocument.ts';
import { createReplayQueue } from '../../src/mongo/retrySupport.ts';
import { createTimeZone } from '../../src/runtime/timeZone.ts';
import { aSubject } from '../support/builders.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const ASKED_MS = 3_600_000;
const zone = createTimeZone('UTC');

beforeAll(async () => {
  await e2e().central.optIn(1, 1, { url: e2e().receiver.url('/hook') });
  await e2e().worker({ RETRY_AFTER_MAX: '2h' });
});

// The row was claimed and called beside the call, or after it: its answer had found a row in its place.
it.each([
  ['within a second', 0],
  ['after it was to be parked', 1_500],
])(
  'keeps what a call was answered though backfill puts a row down beside it: answered %s',
  async (_when, delayMs) => {
    const { receiver, sms, servers } = e2e();
    const { db } = servers;
    const retries = db.collection<{ _id: string }>('notify_on_delivery_retries');
    const document = newSms({ accountID: 1, flowId: 1, deliveryStatus: 'DELIVERED' });
    const subject = aSubject({ smsKey: document._id });
    receiver.answer('/hook', async () => {
      const body = buildPayload({ id: document._id, document: toPlainDocument(document), zone });
      const again = createReplayQueue(stateCollections(db));
      await again.add([{ subject, accountId: 1, flowId: 1, body }]);
      return { status: 503, headers: { 'retry-after': '3600' }, delayMs };
    });
    await sms.insertOne(document);
    await e2e().record(document._id, ({ state }) => state === 'retrying');
    receiver.answer('/hook', {});
    // Its row has been looked for since.
    const marker = newSms({ accountID: 1, flowId: 1, deliveryStatus: 'DELIVERED' });
    const ofMarker = { subject: aSubject({ smsKey: marker._id }), accountId: 1, flowId: 1 };
    const body = buildPayload({ id: marker._id, document: toPlainDocument(marker), zone });
    await createReplayQueue(stateCollections(db)).add([{ ...ofMarker, body }]);
    const isMarked = ({ headers }: { headers: Record<string, unknown> }): boolean =>
      headers['webhook-id'] === ofMarker.subject.notificationId;
    await until('what was recorded later is called', () =>
      receiver.requests('/hook').some(isMarked),
    );
    const calls = receiver
      .requests('/hook')
      .filter(({ headers }) => headers['webhook-id'] === subject.notificationId);
    expect(calls).toHaveLength(1);
    const row = await retries.findOne({ _id: subject.notificationId });
    const dueAt = (row as Record<string, unknown> | null)?.['nextAttemptAt'];
    expect(Number(dueAt)).toBeGreaterThan(Date.now() + ASKED_MS / 2);
  },
);
