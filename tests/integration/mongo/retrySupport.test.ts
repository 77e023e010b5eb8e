import { beforeEach, describe, expect, it } from '@jest/globals';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createRetryList } from '../../../src/mongo/retrySupport.ts';
import { aLog, answered, aRetry, aSubject } from '../../support/builders.ts';
import { createRetries } from '../../support/mongoRetries.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
const state = () => stateCollections(servers().db);

describe('what is scheduled', () => {
  beforeEach(async () => {
    await state().retries.deleteMany({});
    const { store } = createRetries(servers().mongo, servers().database);
    const retry = (key: string, accountId: number) =>
      aRetry({
        subject: { ...aSubject(), smsKey: key, notificationId: `${key}:DELIVERED` },
        accountId,
        log: aLog(answered(503)),
      });
    await store.schedule(retry('a', 28), 50_000);
    await store.schedule(retry('b', 29), 30_000);
    await store.scheduleClaimed(retry('c', 29));
  });

  it('is listed, what is due first, with its last answer', async () => {
    const list = createRetryList(state().retries);
    const all = await list.list({}, 10);
    // The claim of the last holds for a minute.
    expect(all.map(({ notificationId }) => notificationId.slice(0, 1))).toEqual(['b', 'a', 'c']);
    expect(all.find(({ accountId }) => accountId === 28)).toMatchObject({
      webhookId: 7,
      attempts: 1,
      lastStatusCode: 503,
      isClaimed: false,
    });
    expect(await list.ofSms('c')).toMatchObject([{ isClaimed: true }]);
    expect(await list.count({ accountId: 29 })).toBe(2);
    expect(await list.count({ webhookId: '7' })).toBe(3);
    expect(await list.count({ webhookId: 'seven' })).toBe(0);
  });

  it('is made due, but for what is being called', async () => {
    const list = createRetryList(state().retries);
    const counts = { waiting: 1, due: 0, called: 1, routeUnknown: 0 };
    expect(await list.countBy({ accountId: 29 })).toMatchObject(counts);
    expect(await list.makeDue({ accountId: 29 })).toBe(1);
    const due = (await list.list({}, 10)).filter(
      ({ nextAttemptAt }) => Number(nextAttemptAt) <= Date.now(),
    );
    expect(due.map(({ notificationId }) => notificationId)).toEqual(['b:DELIVERED']);
    expect(await list.countBy({ accountId: 29 })).toMatchObject({ ...counts, waiting: 0, due: 1 });
  });
});
