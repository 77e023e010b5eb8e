import { beforeAll, describe, expect, it } from '@jest/globals';
import { useEndToEnd } from '../../support/endToEnd.ts';
import { connectorMessage } from '../../support/kafka/spoiltTopics.ts';
import { produce } from '../../support/kafka/topicMessages.ts';
import { useBroker } from '../../support/kafka/useBroker.ts';
import { until } from '../../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const broker = useBroker();
const topic = 'sms.details';

beforeAll(async () => {
  const { admin, bootstrap } = broker();
  await admin.create(topic, { partitions: 1 });
  await produce(bootstrap, topic, [connectorMessage(e2e().servers.database)]);
});

describe('workers of a topic', () => {
  it('are ready once the group has answered, also one that gets no partition', async () => {
    const given = { ...e2e().settings, KAFKA_BROKERS: broker().bootstrap, KAFKA_TOPIC: topic };
    const first = e2e().startWorker({ ...given, WORKER_ID: 'first' });
    const isReady = async (worker: typeof first): Promise<boolean> =>
      (await worker.probe('/readyz'))?.status === 200;
    await until('the first is ready', async () => await isReady(first));
    const second = e2e().startWorker({ ...given, WORKER_ID: 'second' });
    await until('the second is ready', async () => await isReady(second));
    expect(await isReady(first)).toBe(true);
    await Promise.all([first.stop(), second.stop()]);
  });
});
