import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import {
  startCollector,
  type Collector,
} from '../../../scripts/services/collector/startCollector.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';
import { connectorMessage } from '../../support/kafka/spoiltTopics.ts';
import { produce } from '../../support/kafka/topicMessages.ts';
import { useBroker } from '../../support/kafka/useBroker.ts';
import { newAccount, traceparentsTo, tracingTo } from '../../support/traced.ts';
import { until } from '../../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const broker = useBroker();
const topic = 'sms.details';
let collector: Collector;

const sendOne = async (): Promise<void> =>
  await produce(broker().bootstrap, topic, [connectorMessage(e2e().servers.database)]);

// The first time, the collector is built.
beforeAll(async () => {
  collector = await startCollector();
  await broker().admin.create(topic, { partitions: 1 });
  await sendOne();
}, 660_000);
afterAll(async () => {
  await collector.close();
});

describe('a worker of a topic', () => {
  it('sends the same traces as one of the change stream', async () => {
    const account = await newAccount(e2e());
    const { accountID, flowId } = account;
    await e2e().sms.insertOne({ ...newSms({ accountID, flowId }), _id: 'sms-1' });
    const worker = await e2e().worker({
      ...tracingTo(collector),
      KAFKA_BROKERS: broker().bootstrap,
      KAFKA_TOPIC: topic,
    });
    await sendOne();
    const spans = await until('the trace has arrived', async () => {
      const arrived = await collector.spans();
      return arrived.some(({ name }) => name === 'notification') ? arrived : null;
    });
    expect(spans.map(({ name }) => name).toSorted()).toEqual([
      ...['POST', 'decision', 'look-up', 'notification', 'record'],
    ]);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    const call = spans.find(({ name }) => name === 'POST');
    expect(traceparentsTo(e2e(), account)).toEqual([`00-${call?.traceId}-${call?.spanId}-01`]);
    await worker.stop();
  });
});
