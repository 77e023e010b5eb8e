import { createTeardown } from '../../../src/runtime/teardown.ts';
import { startBroker, type Broker } from './broker.ts';
import type { BrokerOptions } from './brokerProperties.ts';
import { ensureKafkaClient } from './client.ts';
import { startConnect, type Connect, type ConnectOptions } from './connect.ts';
import { openTopicAdmin } from './topics.ts';

interface KafkaOptions extends Omit<ConnectOptions, 'bootstrap'> {
  readonly partitions?: number;
  readonly broker?: BrokerOptions;
}

export interface KafkaServices {
  readonly broker: Broker;
  readonly connect: Connect;
  /** Kills both and removes their data. */
  stop(): Promise<void>;
}

/** A broker with the topic, the connector that fills it, and the client loadable. */
export async function startKafka(options: KafkaOptions): Promise<KafkaServices> {
  const { partitions = 12, topic } = options;
  await ensureKafkaClient();
  const teardown = createTeardown();
  try {
    const broker = await startBroker(options.broker);
    teardown.add('Kafka', broker.close);
    const admin = await openTopicAdmin(broker.bootstrap);
    await admin.create(topic, { partitions });
    admin.close();
    const connect = await startConnect({ ...options, bootstrap: broker.bootstrap });
    teardown.add('Kafka Connect', connect.close);
    return { broker, connect, stop: teardown.run };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}
