import { packageRoot } from '../../config/packageRoot.ts';
import { createTeardown } from '../../src/runtime/teardown.ts';
import { partitionsHeld } from '../harness/workerMetrics.ts';
import { startKafka } from '../services/kafka/startKafka.ts';
import { until } from '../services/until.ts';
import { startBenchWorker } from './benchWorker.ts';
import type { Contender, Running } from './contender.ts';
import { WORKER } from './contenders.ts';
import { COLLECTION, type Site } from './places.ts';
import type { BenchReceiver } from './receiver.ts';

const topic = 'sms-statuses';
const PARTITIONS = 12;
const JOIN_LIMIT_MS = 60_000;

/** So many workers with default settings that share the partitions of a topic, with a broker and a connector of theirs. */
export function groupContender(receiver: BenchReceiver, workers: number): Contender {
  return {
    name: `${WORKER}-kafka-${workers}`,
    label: `Kafka × ${workers}`,
    drivenBy: 'statuses',
    seenBy: 'receiver',
    records: true,
    start: async (site) => await startGroup(site, receiver, workers),
  };
}

/** Resolves when each worker has its partitions. */
async function startGroup(
  site: Site,
  { count, arrivals }: BenchReceiver,
  workers: number,
): Promise<Running> {
  const meter = { count, arrivals };
  const { mongodbUri, database } = site;
  const teardown = createTeardown();
  try {
    const kafka = await startKafka({
      ...{ mongodbUri, database, collection: COLLECTION },
      ...{ topic, partitions: PARTITIONS },
    });
    teardown.add('Kafka', kafka.stop);
    const { broker, connect } = kafka;
    const settings = { KAFKA_BROKERS: broker.bootstrap, KAFKA_TOPIC: topic };
    const started = await Promise.allSettled(
      Array.from({ length: workers }, async (_, n) => {
        const root = packageRoot();
        const worker = await startBenchWorker(site, meter, { settings, root, name: `-${n + 1}` });
        teardown.add(`worker ${n + 1}`, async () => await worker[Symbol.asyncDispose]());
        return worker;
      }),
    );
    const group = started.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
    const ports = group.map(({ httpPort }) => httpPort);
    await until('each worker has its partitions', async () => await areShared(ports), {
      timeoutMs: JOIN_LIMIT_MS,
    });
    const [first, ...others] = group;
    if (first === undefined) throw new Error('a group needs a worker');
    return {
      ...first,
      peers: others.map(({ pid }) => pid),
      servers: { broker: broker.pid(), connector: connect.pid() },
      onMeasured(measured) {
        for (const worker of group) worker.onMeasured?.(measured);
      },
      [Symbol.asyncDispose]: teardown.run,
    };
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function areShared(ports: readonly number[]): Promise<boolean> {
  const held = await Promise.all(ports.map(partitionsHeld));
  return held.every((each) => each === PARTITIONS / ports.length);
}
