import type { SetupProblem } from './topicCheck.ts';

/** What a message says, as far as it matters whether the topic is the right one. */
export type SampledContent =
  | Readonly<{ kind: 'change' | 'ignored' | 'heartbeat' | 'collectionGone' }>
  | Readonly<{ kind: 'otherCollection'; namespace: string }>
  | Readonly<{ kind: 'unreadable'; reason: string }>;

/** One of the last messages of a partition. */
export interface SampledMessage {
  readonly partition: number;
  readonly offset: number;
  readonly content: SampledContent;
  /** Whether Kafka's default partitioner places its key here; null for a message without one. */
  readonly isInPlace: boolean | null;
}

export interface SampleFacts {
  readonly topic: string;
  /** Of the SMS, as `database.collection`. */
  readonly namespace: string;
  readonly sample: readonly SampledMessage[];
}

/**
 * Fatal where all messages that could tell are of the wrong kind; a warning where some are: they may be left from
 * before the connector was corrected.
 */
export function checkSample(facts: SampleFacts): readonly SetupProblem[] {
  const telling = facts.sample.filter(({ content: { kind } }) => kind !== 'heartbeat');
  const faults = telling.map((message) => ({ message, fault: faultOf(message, facts) }));
  const wrong = faults.flatMap(({ message, fault }) =>
    fault === null ? [] : { ...message, fault },
  );
  const severity = wrong.length === telling.length ? 'fatal' : 'warning';
  const byFault = Map.groupBy(wrong, ({ fault }) => fault);
  return [...byFault].map(([fault, [first]]) => ({
    severity,
    sentence: `${fault} (such as the message at offset ${first?.offset} of partition ${first?.partition})`,
  }));
}

function faultOf(
  { content, isInPlace }: SampledMessage,
  { topic, namespace }: SampleFacts,
): string | null {
  if (content.kind === 'unreadable') {
    const remedy = remedies.get(content.reason) ?? 'configure the connector as docs/kafka.md says';
    return `topic ${topic} has messages that can not be read (${content.reason}): ${remedy}`;
  }
  if (content.kind === 'otherCollection') {
    return `topic ${topic} has events of ${content.namespace} and not of ${namespace}: set database and collection of the connector, or KAFKA_TOPIC, MONGODB_DATABASE and MONGODB_COLLECTION`;
  }
  return isInPlace === false
    ? `topic ${topic} has messages in other partitions than their keys say: use the default partitioner in the connector's producer (remove producer.override.partitioner.class and partitioner.class), and let no transform change the key`
    : null;
}

const keyed =
  'set output.format.key=json, key.converter=org.apache.kafka.connect.storage.StringConverter and change.stream.document.key.as.key=true on the connector, with no transform that changes the key';
const formatted =
  'set output.format.value=bson and value.converter=org.apache.kafka.connect.converters.ByteArrayConverter on the connector';
const whole =
  'keep operationType, ns, documentKey and updateDescription in the pipeline of the connector';

const remedies: ReadonlyMap<string, string> = new Map([
  ['no_key', keyed],
  ['foreign_key', keyed],
  ['not_decodable', formatted],
  ['unknown_format', `${formatted}; Avro, Protobuf and schema registries are not supported`],
  [
    'simplified_json',
    `${formatted}, or output.json.formatter=com.mongodb.kafka.connect.source.json.formatter.ExtendedJson with JSON`,
  ],
  ['full_document_only', 'set publish.full.document.only=false on the connector'],
  ['no_operation', whole],
  ['no_document_key', whole],
  ['nothing_written', whole],
  ['too_large', 'leave fullDocument out by $project in the pipeline of the connector'],
]);
