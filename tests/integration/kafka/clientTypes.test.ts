import { beforeAll, describe, expect, it } from '@jest/globals';
import { connectionConfig, consumerConfig } from '../../../src/kafka/clientConfig.ts';
import { loadKafkaClient } from '../../../src/kafka/client.ts';
import type {
  ClientError,
  ClientMessage,
  KafkaConsumer,
  KafkaModule,
} from '../../../src/kafka/clientTypes.ts';
import { codeOf, codes } from '../../../src/kafka/errorCodes.ts';
import { ask, untilAnswered } from '../../../src/kafka/questions.ts';
import { produce } from '../../support/kafka/topicMessages.ts';
import { useBroker } from '../../support/kafka/useBroker.ts';
import { until } from '../../support/until.ts';
import { plainConnection } from '../../support/kafka/plainConnection.ts';

const broker = useBroker();
const LIMIT_MS = 5_000;
const at = new Date('2024-05-01T12:00:00Z').getTime();
let client: KafkaModule;

const connection = () => ({
  ...plainConnection,
  brokers: [broker().bootstrap],
});

async function withConsumer(work: (consumer: KafkaConsumer) => Promise<void>): Promise<void> {
  const member = { connection: connection(), group: 'group', workerId: 'w', sessionMs: 6_000 };
  const { global, topic } = consumerConfig(member);
  const callbacks = { offset_commit_cb: true, rebalance_cb: true };
  const consumer = new client.KafkaConsumer({ ...global, ...callbacks }, topic);
  await ask<unknown>(LIMIT_MS, (done) => consumer.connect({ timeout: LIMIT_MS }, done));
  consumer.setDefaultConsumeTimeout(100);
  consumer.setDefaultIsTimeoutOnlyForFirstMessage(true);
  try {
    await work(consumer);
  } finally {
    await new Promise<void>((resolve) => {
      consumer.disconnect(() => resolve());
    });
  }
}

const poll = async (consumer: KafkaConsumer): Promise<readonly ClientMessage[]> =>
  await ask(LIMIT_MS, (done) => consumer.consume(256, done));

beforeAll(async () => {
  client = (await loadKafkaClient()).module;
  await broker().admin.create('sms', { partitions: 2 });
  const value = Buffer.from('x');
  const messages = Array.from({ length: 100 }, (_, index) => ({
    ...{ value, partition: index % 2, timestamp: at + index },
  }));
  await produce(broker().bootstrap, 'sms', messages);
});

/** What the code relies on, and the client's own declarations leave out or have otherwise. */
describe('the client for Kafka', () => {
  it('tells the id of a topic', async () => {
    const admin = client.AdminClient.create(connectionConfig(connection(), 'w'), {});
    const [topic] = await ask<Parameters<Parameters<typeof admin.describeTopics>[2]>[1]>(
      LIMIT_MS,
      (done) => admin.describeTopics(['sms'], { timeout: LIMIT_MS }, done),
    );
    admin.disconnect();
    expect(topic?.topicId.base64).toMatch(/^[\w+/-]{22}$/);
  });

  it('leaves out offsets that are not committed, and tells the fate of a commit by an event', async () => {
    await withConsumer(async (consumer) => {
      const committed = async (): Promise<unknown> =>
        await untilAnswered((limitMs) =>
          ask(limitMs, (done) =>
            consumer.committed([{ topic: 'sms', partition: 0 }], limitMs, done),
          ),
        );
      expect(await committed()).toEqual([{ topic: 'sms', partition: 0 }]);
      const outcomes: unknown[] = [];
      consumer.on('offset.commit', (error, offsets) => outcomes.push([error, offsets]));
      consumer.commit([{ topic: 'sms', partition: 0, offset: 7 }]);
      await until('the outcome', async () => {
        await poll(consumer);
        return outcomes.length > 0;
      });
      expect(outcomes).toEqual([[undefined, [{ topic: 'sms', partition: 0, offset: 7 }]]]);
      expect(await committed()).toMatchObject([{ offset: 7 }]);
    });
  });

  it('finds the first message of a time', async () => {
    await withConsumer(async (consumer) => {
      const times = [0, at + 51, at + 1_000].map((offset) => ({
        topic: 'sms',
        partition: 1,
        offset,
      }));
      const found: unknown[] = [];
      for (const time of times) {
        found.push(
          ...(await ask<readonly unknown[]>(LIMIT_MS, (done) =>
            consumer.offsetsForTimes([time], LIMIT_MS, done),
          )),
        );
      }
      expect(found).toMatchObject([{ offset: 0 }, { offset: 25 }, { offset: -1 }]);
    });
  });

  it('gives errors of connections no code, but a text that is known', async () => {
    const errors: ClientError[] = [];
    const nowhere = { ...connection(), brokers: ['127.0.0.1:1'] };
    const admin = client.AdminClient.create(connectionConfig(nowhere, 'w'), {
      'event.error': (error) => errors.push(error),
    });
    await until('an error', () => errors.length > 0);
    admin.disconnect();
    const [error] = errors;
    expect([codes.unknown, undefined]).toContain(error?.code);
    expect([codes.transport, codes.allBrokersDown]).toContain(codeOf(error));
  });

  it('tells that an offset is out of range, unless messages came with it', async () => {
    await broker().admin.deleteRecords('sms', 1, 40);
    await withConsumer(async (consumer) => {
      consumer.assign([{ topic: 'sms', partition: 1, offset: 10 }]);
      const error = await until('an error', async () => {
        return await poll(consumer).then(
          () => null,
          (thrown: unknown) => thrown,
        );
      });
      expect(error).toMatchObject({ code: codes.autoOffsetReset });
    });
    await withConsumer(async (consumer) => {
      consumer.assign([
        { topic: 'sms', partition: 0, offset: 0 },
        { topic: 'sms', partition: 1, offset: 10 },
      ]);
      let count = 0;
      await until('the messages of the other partition', async () => {
        // The error may come before them, too.
        const messages = await poll(consumer).catch((thrown: unknown) => {
          if (codeOf(thrown) !== codes.autoOffsetReset) throw thrown;
          return [];
        });
        count += messages.length;
        return count === 50;
      });
      // Never rejects, and never brings anything of the other partition.
      for (let again = 0; again < 10; again += 1) expect(await poll(consumer)).toEqual([]);
      const [position] = consumer.position([{ topic: 'sms', partition: 1 }]);
      expect(position).not.toHaveProperty('offset');
    });
  });
});
