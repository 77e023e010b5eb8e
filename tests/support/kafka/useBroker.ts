import { afterAll, beforeAll } from '@jest/globals';
import { startBroker, type Broker } from '../../../scripts/services/kafka/broker.ts';
import type { BrokerOptions } from '../../../scripts/services/kafka/brokerProperties.ts';
import { openTopicAdmin, type TopicAdmin } from '../../../scripts/services/kafka/topics.ts';

interface BrokerInUse extends Broker {
  /** Without protection. */
  readonly admin: TopicAdmin;
}

/** A broker of the test file's own. Starting one takes seconds: one is enough for a file. */
export function useBroker(
  options: () => BrokerOptions | Promise<BrokerOptions> = () => ({}),
): () => BrokerInUse {
  let running: BrokerInUse | null = null;
  beforeAll(async () => {
    const broker = await startBroker(await options());
    running = { ...broker, admin: await openTopicAdmin(broker.bootstrap) };
  });
  afterAll(async () => {
    running?.admin.close();
    await running?.close();
  });
  return () => {
    if (running === null) throw new Error('the broker is there from the first beforeAll on');
    return running;
  };
}
