import { asked, importClient } from './importClient.ts';

/** Looks at a group without being a member of it. */
export interface GroupReader {
  /** Those of these partitions, in their order; null where there is none. */
  committed(topic: string, partitions: readonly number[]): Promise<readonly (number | null)[]>;
  close(): Promise<void>;
}

interface Committed {
  readonly partition: number;
  readonly offset?: number;
}

/**
 * By a consumer: the administrative client has the same question, but ends the process when the group's coordinator
 * answers it with an error.
 */
export async function openGroupReader(
  bootstrap: string,
  {
    group,
    settings = {},
    timeoutMs,
  }: Readonly<{
    group: string;
    /** Of librdkafka. */
    settings?: Readonly<Record<string, unknown>>;
    /** Of each call. */
    timeoutMs: number;
  }>,
): Promise<GroupReader> {
  const kafka = await importClient();
  const conf = { 'bootstrap.servers': bootstrap, ...settings, 'group.id': group };
  const consumer = new kafka.KafkaConsumer(conf, {});
  await asked((done) => consumer.connect({ timeout: timeoutMs }, done));
  return {
    async committed(topic, partitions) {
      const wanted = partitions.map((partition) => ({ topic, partition }));
      const found = await asked<readonly (Committed | Error)[]>((done) =>
        consumer.committed(wanted, timeoutMs, done),
      );
      const offsets = new Map<number, number>();
      for (const each of found) {
        if (each instanceof Error) throw each;
        if (each.offset !== undefined && each.offset >= 0) offsets.set(each.partition, each.offset);
      }
      return partitions.map((partition) => offsets.get(partition) ?? null);
    },
    close: async () => void (await asked((done) => consumer.disconnect(done))),
  };
}
