import { clientName } from './clientBuild.ts';

type Done = (error: ClientError | null | undefined, result?: unknown) => void;

/** What is used here of the package, whose own types are missing where it is not installed. */
export interface KafkaClient {
  readonly AdminClient: { create(conf: object): Admin };
  readonly KafkaConsumer: new (conf: object, topicConf: object) => Consumer;
  readonly Producer: new (conf: object, topicConf: object) => Producer;
  readonly OffsetSpec: { readonly EARLIEST: unknown; readonly LATEST: unknown };
}

export interface ClientError extends Error {
  readonly code: number;
}

interface Admin {
  createTopic(topic: object, timeoutMs: number, done: Done): void;
  createPartitions(topic: string, total: number, timeoutMs: number, done: Done): void;
  deleteTopic(topic: string, timeoutMs: number, done: Done): void;
  describeTopics(topics: readonly string[], options: object, done: Done): void;
  listOffsets(partitions: readonly object[], options: object, done: Done): void;
  deleteRecords(records: readonly object[], options: object, done: Done): void;
  deleteGroups(groups: readonly string[], options: object, done: Done): void;
  disconnect(): void;
}

interface Consumer {
  connect(options: object, done: Done): void;
  assign(partitions: readonly object[]): void;
  setDefaultConsumeTimeout(ms: number): void;
  consume(atMost: number, done: Done): void;
  commitCb(offsets: readonly object[], done: Done): void;
  committed(partitions: readonly object[], timeoutMs: number, done: Done): void;
  disconnect(done: Done): void;
}

interface Producer {
  connect(options: object, done: Done): void;
  produce(
    ...message: [
      topic: string,
      partition: number | null,
      value: Uint8Array | null,
      key: Uint8Array | string | null,
      timestamp: number | null,
    ]
  ): void;
  flush(timeoutMs: number, done: Done): void;
  disconnect(timeoutMs: number, done: Done): void;
}

/** It must be loadable: see `ensureKafkaClient`. */
export async function importClient(): Promise<KafkaClient> {
  // Its named exports can't be seen from outside.
  return ((await import(clientName)) as { default: KafkaClient }).default;
}

/** The result that a call with a callback gives. */
export async function asked<T = unknown>(ask: (done: Done) => void): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    ask((error, result) => {
      if (error) reject(error);
      else resolve(result as T);
    });
  });
}
