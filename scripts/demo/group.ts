import type { Teardown } from '../../src/runtime/teardown.ts';
import { partitionsHeld, workerMetrics } from '../harness/workerMetrics.ts';
import type { WorkerProcess } from '../harness/workerProcess.ts';
import { startKafka } from '../services/kafka/startKafka.ts';
import { until } from '../services/until.ts';
import type { Narrator } from './narrator.ts';

/** Starts a worker that has these settings too, and waits until it is ready. */
export type Launch = (
  name: string,
  settings?: Readonly<Record<string, string>>,
) => Promise<WorkerProcess>;
/** Shows what is being waited for; the result, and how many milliseconds it took. */
export type Timed = <T>(text: string, work: Promise<T>) => Promise<readonly [T, number]>;

export const PARTITIONS = 12;
/** The shortest that brokers accept. */
export const LEASE_TTL_SECONDS = 6;
const WORKERS = 3;
const topic = 'sms-statuses';

export interface GroupMember {
  readonly name: string;
  readonly worker: WorkerProcess;
  /** Of the topic, that it reads now. */
  partitions(): Promise<number>;
  /** Notifications that it has delivered since its start. */
  delivered(): Promise<number>;
}

export type Group = Awaited<ReturnType<typeof startGroup>>;

/** A broker, the connector and three workers that share the topic. */
export async function startGroup(
  source: Readonly<Record<'mongodbUri' | 'database', string>>,
  {
    narrator,
    teardown,
    timed,
    launch,
  }: Readonly<{ narrator: Narrator; teardown: Teardown; timed: Timed; launch: Launch }>,
) {
  const starting = startKafka({
    ...source,
    ...{ collection: 'SMSDetailDocument', topic, partitions: PARTITIONS },
  });
  teardown.add('Kafka', async () => await (await starting.catch(() => null))?.stop());
  const [kafka, kafkaMs] = await timed("Starting Kafka and MongoDB's connector …", starting);
  narrator.ready(`Kafka and MongoDB's connector, ${PARTITIONS} partitions`, kafkaMs);
  const settings = {
    KAFKA_BROKERS: kafka.broker.bootstrap,
    KAFKA_TOPIC: topic,
    LEASE_TTL: `${LEASE_TTL_SECONDS}s`,
  };
  let members: readonly GroupMember[] = [];
  let started = 0;
  const add = async (): Promise<GroupMember> => {
    const name = `worker ${(started += 1)}`;
    const member = await memberOf(name, await launch(name, settings));
    members = [...members, member];
    return member;
  };
  for (let n = 0; n < WORKERS; n += 1) await add();
  const [, shareMs] = await timed(
    'Sharing the partitions …',
    untilShared(() => members),
  );
  narrator.ready('each worker has its partitions', shareMs);
  return {
    members: () => members,
    add,
    /** Ends it without a word. */
    async kill(member: GroupMember): Promise<void> {
      members = members.filter((each) => each !== member);
      await member.worker.kill();
    },
    /** Resolves when the members have equal shares of the partitions. */
    untilShared: async () => await untilShared(() => members),
  };
}

async function memberOf(name: string, worker: WorkerProcess): Promise<GroupMember> {
  const port = Number((await worker.line('started'))['httpPort']);
  return {
    name,
    worker,
    partitions: async () => await partitionsHeld(port),
    async delivered() {
      const series = [...(await workerMetrics(port))];
      return series
        .filter(([metric]) => /^notifications_total\{.*state="delivered"/.test(metric))
        .reduce((sum, [, value]) => sum + value, 0);
    },
  };
}

const SHARE_LIMIT_MS = 60_000;

async function untilShared(members: () => readonly GroupMember[]): Promise<void> {
  await until(
    'the workers have equal shares',
    async () => {
      const held = await Promise.all(members().map(async (each) => await each.partitions()));
      return held.every((each) => each === PARTITIONS / held.length);
    },
    { timeoutMs: SHARE_LIMIT_MS },
  );
}
