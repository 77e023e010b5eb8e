import { describe, expect, it } from '@jest/globals';
import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import { keyHashOf } from '../../../src/domain/partitionKey.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createKeyExamples } from '../../../src/mongo/keyExamples.ts';
import { createTopicMemory } from '../../../src/mongo/topicMemory.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';
import { useBroker } from '../../support/kafka/useBroker.ts';
import { createRetries } from '../../support/mongoRetries.ts';
import { retryFor } from '../../support/someRetries.ts';
import { until } from '../../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const broker = useBroker();
const topic = 'sms.details';

const keyText = (_id: string): string => `{"flowId": {"$numberInt": "200"}, "_id": "${_id}"}`;

async function shareExample(): Promise<void> {
  const { checkpoints } = stateCollections(e2e().servers.db);
  const whole = { checkpoints, topic, workerId: 'another' };
  const memory = createTopicMemory({
    ...{ ...whole, partitions: () => 3, earliest: () => new Date(0) },
  });
  await memory.firstStart({ topicId: 'its id', partitions: 3, at: new Date() });
  await createKeyExamples(whole).save({
    messageKey: Buffer.from(keyText('sms-0')),
    documentKey: { flowId: 200, _id: 'sms-0' },
  });
}

/** As a command writes one, which knows of no partitions; the hash that a worker gives it. */
async function placedHash(name: string): Promise<unknown> {
  const { mongo, database, db } = e2e().servers;
  const document = newSms({ accountID: 28, flowId: 200, deliveryStatus: 'SENT' });
  await e2e().sms.insertOne({ ...document, _id: name });
  const { store } = createRetries(mongo, database);
  await store.schedule(retryFor(name), 600_000);
  const { retries } = stateCollections(db);
  const placed = { sms: name, keyHash: { $exists: true } } as const;
  await until('the row is placed', async () => (await retries.countDocuments(placed)) === 1);
  return (await retries.findOne(placed))?.keyHash;
}

describe('a worker of a topic without messages', () => {
  it('places rows by the keys that other workers have met, before and after its start', async () => {
    const { admin, bootstrap } = broker();
    await admin.create(topic, { partitions: 3 });
    const worker = e2e().startWorker({
      ...{ ...e2e().settings, KAFKA_BROKERS: bootstrap, KAFKA_TOPIC: topic },
    });
    expect(await placedHash('early')).toBe(keyHashOf(Buffer.from('{"_id": "early"}')));
    await shareExample();
    const learnt = async (): Promise<boolean> => {
      const name = `late-${Date.now()}`;
      return (await placedHash(name)) === keyHashOf(Buffer.from(keyText(name)));
    };
    await until('the worker has learnt', learnt);
    await worker.stop();
    const next = e2e().startWorker({
      ...{ ...e2e().settings, KAFKA_BROKERS: bootstrap, KAFKA_TOPIC: topic },
    });
    expect(await placedHash('next')).toBe(keyHashOf(Buffer.from(keyText('next'))));
    await next.stop();
  });
});
