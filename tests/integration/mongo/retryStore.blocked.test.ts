import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { aWebhook } from '../../support/builders.ts';
import {
  claimUpTo,
  createRetries,
  idsOfClaimed,
  otherWebhook,
  parkable,
  type Retries,
  nothingElse,
} from '../../support/mongoRetries.ts';
import { mongoClientFor, useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
let client: MongoClient;
let retries: Retries;

beforeEach(async () => {
  client = await mongoClientFor(servers().mongodbUri);
  retries = createRetries(client, servers().database);
  await retries.rows.deleteMany({});
});
afterEach(async () => {
  await client.close();
});

const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);

describe('claiming what was taken up long ago', () => {
  it('takes what is due, wherever it leads, and no more than asked for', async () => {
    const acceptedAt = minutesAgo(10);
    for (const smsKey of ['a', 'b', 'c'])
      await retries.store.park(parkable(smsKey, { acceptedAt }), 0);
    await retries.store.park({ ...parkable('d', { acceptedAt }), webhook: otherWebhook }, 0);
    await retries.store.park(parkable('later', { acceptedAt }), 3_600_000);
    await retries.store.park(parkable('young'), 0);
    const first = await retries.store.claimAcceptedBefore(minutesAgo(5), 3, nothingElse);
    const second = await retries.store.claimAcceptedBefore(minutesAgo(5), 3, nothingElse);
    expect(first).toHaveLength(3);
    expect(idsOfClaimed([...first, ...second]).toSorted()).toEqual(
      ['a', 'b', 'c', 'd'].map((smsKey) => `${smsKey}:DELIVERED`),
    );
    expect(await retries.store.claimAcceptedBefore(minutesAgo(5), 3, nothingElse)).toEqual([]);
  });
});

describe('moving what waits', () => {
  const { endpointKey } = aWebhook();

  it('knows each account, flow and status that waits once', async () => {
    for (const smsKey of ['a', 'b']) await retries.store.park(parkable(smsKey), 0);
    await retries.store.park(parkable('c', { accountId: '9007199254740993' }), 3_600_000);
    await retries.store.park(parkable('d', { deliveryStatus: 'SENT' }), 0);
    await retries.store.parkClaimed(parkable('e', { accountId: 30 }));
    await retries.store.park({ ...parkable('f', { accountId: 31 }), webhook: otherWebhook }, 0);
    const keys = await retries.store.routeKeysOf(endpointKey);
    expect(keys.map((key) => Object.values(key).join(' ')).toSorted()).toEqual([
      '28 200 DELIVERED',
      '28 200 SENT',
      '9007199254740993 200 DELIVERED',
    ]);
  });

  it('has it lead elsewhere, as due as it was, and leaves alone what is not meant', async () => {
    await retries.store.park(parkable('a'), 0);
    await retries.store.park(parkable('b'), 3_600_000);
    await retries.store.park(parkable('other account', { accountId: 30 }), 0);
    await retries.store.park(parkable('other flow', { flowId: 30 }), 0);
    await retries.store.parkClaimed(parkable('claimed'));
    const key = { accountId: 28, flowId: 200, deliveryStatus: 'DELIVERED' };
    await retries.store.move(endpointKey, key, otherWebhook);
    const [moved, none] = await claimUpTo(retries.store, 2, otherWebhook);
    expect(moved?.parked).toMatchObject({
      subject: { smsKey: 'a' },
      webhook: { webhookId: otherWebhook.webhookId, displayUrl: otherWebhook.displayUrl },
    });
    expect(none).toBeUndefined();
    expect(await retries.row('b:DELIVERED')).toMatchObject({ endpoint: otherWebhook.endpointKey });
    const left = await retries.rows.find({ endpoint: endpointKey }, { sort: { sms: 1 } }).toArray();
    expect(left.map((row) => row['sms'] as string)).toEqual([
      'claimed',
      'other account',
      'other flow',
    ]);
  });
});
