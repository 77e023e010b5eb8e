import { fileURLToPath } from 'node:url';
import { jarsOf, kafkaJars } from '../../../scripts/services/kafka/jars.ts';
import type { ConnectOptions } from '../../../scripts/services/kafka/connect.ts';
import { streamPipeline } from '../../../src/mongo/streamEvent.ts';
import { ids, oddWrites, writesTo, type Write } from './writes.ts';

/** A format in which a topic may have its messages. */
export interface Format {
  readonly options: () => Promise<Pick<ConnectOptions, 'settings' | 'connector'>>;
  readonly writes: readonly Write[];
  /** Whether it has a message of the write. */
  readonly tells: (write: Write) => boolean;
  /** Whether it also has heartbeats, and a message when the collection is dropped. */
  readonly hasMore: boolean;
}

type Settings = Readonly<Record<string, string>>;

const all = [...Object.keys(ids).flatMap(writesTo), ...oddWrites];

const ofMongodb = (settings: Settings): Format => ({
  options: async () => await Promise.resolve({ settings }),
  writes: all,
  tells: ({ shown }) => shown !== null,
  hasMore: true,
});

const formatter = (name: string): Settings => ({
  'output.format.value': 'json',
  'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'output.json.formatter': `com.mongodb.kafka.connect.source.json.formatter.${name}`,
});

const jsonConverter = (schemas: boolean): Settings => ({
  ...formatter('ExtendedJson'),
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': String(schemas),
});

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** It filters nothing, so it tells of every write; one too large for a message would end it. */
const ofDebezium = (settings: Settings): Format => ({
  async options() {
    const jars = [await jarsOf(file('debezium.pom.xml')), await kafkaJars()];
    return { settings, connector: { file: file('debezium.json'), jars } };
  },
  writes: all.filter(({ name }) => name !== 'update-large-fields'),
  tells: () => true,
  hasMore: false,
});

export const formats: Readonly<Record<string, Format>> = {
  bson: ofMongodb({}),
  extendedJson: ofMongodb(formatter('ExtendedJson')),
  defaultJson: ofMongodb(formatter('DefaultJson')),
  simplifiedJson: ofMongodb(formatter('SimplifiedJson')),
  jsonConverter: ofMongodb(jsonConverter(false)),
  jsonConverterWithSchema: ofMongodb(jsonConverter(true)),
  // A set-up that the worker refuses.
  fullDocumentOnly: {
    ...ofMongodb({
      'publish.full.document.only': 'true',
      pipeline: JSON.stringify(streamPipeline().slice(0, 1)),
    }),
    writes: Object.keys(ids).flatMap(writesTo),
    hasMore: false,
  },
  debezium: ofDebezium({}),
  debeziumBrief: ofDebezium({ 'capture.mode': 'change_streams' }),
  debeziumWithSchema: ofDebezium({
    'key.converter.schemas.enable': 'true',
    'value.converter.schemas.enable': 'true',
  }),
};
