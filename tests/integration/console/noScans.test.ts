import { beforeAll, expect, it } from '@jest/globals';
import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import { minuteAt, seedEnd, seedWaiting } from '../../support/seedNotifications.ts';
import { untyped } from '../../support/untyped.ts';
import { useConsole } from '../../support/useConsole.ts';

const world = useConsole(import.meta.url);
const COUNT = 300;
/** Those that grow with the number of SMS. */
const large = ['notify_on_delivery_sent', 'notify_on_delivery_retries', 'SMSDetailDocument'];

beforeAll(async () => {
  const { state, servers } = world();
  for (let number = 0; number < COUNT; number += 1) {
    const account = 20 + (number % 10);
    await seedEnd(state, `e${number}`, { kind: 'failed', minute: number % 60, account });
    await seedWaiting(state, `w${number}`, { account, endpoint: `endpoint-${account}` });
  }
  await untyped(state.endpoints).insertOne({
    ...{ _id: 'endpoint-28', accountId: 28, webhookId: 5, url: 'http://a.example/' },
    ...{ reason: 'endpoint_gone', disabledAt: new Date() },
  });
  const record = { state: 'failed', deliveryStatus: 'DELIVERED', statusAt: minuteAt(1) };
  await servers.db.collection('SMSDetailDocument').insertMany(
    Array.from({ length: COUNT }, () => ({
      ...newSms({ notify_on_delivery: record }),
    })) as never[],
  );
});

it.each([
  '/accounts',
  '/accounts/28',
  '/accounts/28?state=failed&webhook=5&since=2026-01-31',
  '/accounts/28?status=SENT',
  '/accounts/28?state=blocked',
  '/accounts/28/resend?since=2026-01-31T10:00:00Z&until=2026-02-01',
  '/endpoints',
  '/endpoints/live',
])('goes through no whole collection: %s', async (path) => {
  const { servers, app } = world();
  const { db, database } = servers;
  const profile = db.collection('system.profile');
  await profile.drop();
  await db.createCollection('system.profile', { capped: true, size: 16 * 1024 * 1024 });
  await db.command({ profile: 2 });
  try {
    expect((await app.get(path)).status).toBe(200);
  } finally {
    await db.command({ profile: 0 });
  }
  const ofLarge = { ns: { $in: large.map((name) => `${database}.${name}`) } };
  const asked = await profile.find({ ...ofLarge, planSummary: { $exists: true } }).toArray();
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter(({ planSummary }) => String(planSummary).includes('COLLSCAN'))).toEqual([]);
});
