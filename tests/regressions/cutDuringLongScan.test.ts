import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection, MongoClient } from 'mongodb';
import type { StreamPosition } from '../../src/domain/change.ts';
import { createMongoClient } from '../../src/mongo/connect.ts';
import { writeForeignEntries } from '../support/foreignEntries.ts';
import { usePrivateReplicaSet } from '../support/mongoReplicaSet.ts';
import { quickChangeSource } from '../support/mongoStream.ts';
import { readSource, type SourceReading } from '../support/readSource.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import { until } from '../support/until.ts';

// The server goes through foreign entries of the oplog at 5 to 6 µs each, without a word meanwhile. A read that is cut
// off or given up begins again at the same place: eight cuts counted as an event too large to read, "begin at now".
const replicaSet = usePrivateReplicaSet({ cacheGb: 0.5 });
/** The server needs some seconds for all of it. */
const FOREIGN = 800_000;
let proxy: TcpProxy;
let direct: Collection;
let client: MongoClient;
let sms: Collection;
let start: StreamPosition;

beforeAll(async () => {
  proxy = await startTcpProxy(replicaSet().members[0]?.port ?? 0);
  const uri = `mongodb://${proxy.address}/?directConnection=true&heartbeatFrequencyMS=500`;
  client = createMongoClient(uri, 'stream under test');
  sms = client.db('central').collection('sms');
  direct = replicaSet().admin.db('central').collection('sms');
  await direct.insertOne({ _id: 'a' as never });
  start = await quickChangeSource(direct).currentPosition();
  await setStatus('SENT');
  await writeForeignEntries(replicaSet().admin, FOREIGN / 2);
  await setStatus('BUFFERED');
  await writeForeignEntries(replicaSet().admin, FOREIGN / 2);
  await setStatus('DELIVERED');
}, 120_000);
afterAll(async () => {
  await client.close();
  await proxy.close();
});
beforeEach(() => {
  proxy.cutIdleAfter(null);
});

async function setStatus(deliveryStatus: string): Promise<void> {
  await direct.updateOne({ _id: 'a' as never }, { $set: { deliveryStatus } });
}

function statusesOf({ changes }: SourceReading): unknown[] {
  return changes.map(({ deliveryStatus }) => deliveryStatus);
}

async function untilDelivered(reading: SourceReading): Promise<void> {
  await until('the last status is read', () => statusesOf(reading).includes('DELIVERED'), {
    timeoutMs: 90_000,
  });
}

describe('a stream that has far to go to the next status', () => {
  it('gets there though the connection is cut whenever it is idle for less than that takes', async () => {
    proxy.cutIdleAfter(1_000);
    await using reading = readSource(quickChangeSource(sms), start);
    await untilDelivered(reading);
    expect(proxy.idleCuts).toBeGreaterThan(0);
    expect(statusesOf(reading)).toEqual(['SENT', 'BUFFERED', 'DELIVERED']);
    expect(reading.gaps).toBe(0);
  }, 120_000);

  it('gets there though a read is given up after less than that takes', async () => {
    await using reading = readSource(quickChangeSource(sms), start, { silenceMs: 700 });
    await untilDelivered(reading);
    expect(reading.logger.lines).toContainEqual(
      expect.objectContaining({ fields: expect.objectContaining({ cause: 'silent' }) }),
    );
    expect(statusesOf(reading)).toEqual(['SENT', 'BUFFERED', 'DELIVERED']);
    expect(reading.gaps).toBe(0);
  }, 120_000);
});
