import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../freePort.ts';
import {
  createServerProcess,
  orClose,
  serverFolder,
  type ServerProcess,
} from '../serverProcess.ts';
import { toText } from './brokerProperties.ts';
import { javaProgram } from './java.ts';

export interface ConnectOptions {
  /** The broker's, without protection. */
  readonly bootstrap: string;
  readonly mongodbUri: string;
  readonly database: string;
  readonly collection: string;
  /** Must be there: Connect does not make it. */
  readonly topic: string;
  /** Settings of the connector in place of those in `deploy/kafka/mongo-source.json`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The connector's file in place of `deploy/kafka/mongo-source.json`, and folders of jars to run it. */
  readonly connector?: Readonly<{ file: string; jars: readonly string[] }>;
}

interface ConnectorStatus {
  readonly connector: { readonly state: ConnectorState };
  readonly tasks: readonly { readonly state: ConnectorState; readonly trace?: string }[];
}

type ConnectorState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'STOPPED' | 'RESTARTING' | 'FAILED';

export interface Connect extends ServerProcess {
  /** Whether it has stored an offset: of the first message or heartbeat, some seconds after it was sent. */
  hasStoredOffset(): Promise<boolean>;
  /** As Connect's REST API answers. */
  status(): Promise<ConnectorStatus>;
}

const shipped = fileURLToPath(new URL('../../../deploy/kafka/mongo-source.json', import.meta.url));

/**
 * Kafka Connect in one process, with the connector of `deploy/kafka/mongo-source.json`. It reads what is written from
 * now on. After a `kill` it goes on at the offset that it stored last, but at the end as long as it has stored none.
 */
export async function startConnect(options: ConnectOptions): Promise<Connect> {
  const { bootstrap, mongodbUri, database, collection, topic, connector } = options;
  const { name, config } = JSON.parse(await readFile(connector?.file ?? shipped, 'utf8')) as {
    name: string;
    config: Record<string, string>;
  };
  const java = await javaProgram('org.apache.kafka.connect.cli.ConnectStandalone', {
    heapMb: 384,
    ...(connector === undefined ? {} : { jars: connector.jars }),
  });
  const folder = await serverFolder('connect');
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const [workerFile, connectorFile] = [join(folder, 'worker'), join(folder, 'connector.json')];
  const offsetFile = join(folder, 'offsets');
  const settings = { ...config, ...options.settings };
  await writeFile(connectorFile, JSON.stringify({ name, config: settings }));
  await writeFile(
    workerFile,
    toText({
      'bootstrap.servers': bootstrap,
      listeners: origin,
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.converters.ByteArrayConverter',
      'offset.storage.file.filename': offsetFile,
      'offset.flush.interval.ms': '1000',
      // The connector's file names what differs between installations so.
      'config.providers': 'env',
      'config.providers.env.class': 'org.apache.kafka.common.config.provider.EnvVarConfigProvider',
    }),
  );
  const status = async (): Promise<ConnectorStatus> => {
    const answer = await fetch(`${origin}/connectors/${name}/status`, {
      signal: AbortSignal.timeout(5_000),
    });
    if (!answer.ok) throw new Error(`Connect answers ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as ConnectorStatus;
  };
  const server = createServerProcess({
    name: 'Kafka Connect',
    program: java.program,
    folder,
    args: [...java.args, workerFile, connectorFile],
    env: {
      MONGODB_URI: mongodbUri,
      MONGODB_DATABASE: database,
      MONGODB_COLLECTION: collection,
      KAFKA_TOPIC: topic,
    },
    async isReady() {
      const { tasks } = await status();
      return tasks.length > 0 && tasks.every(({ state }) => state === 'RUNNING');
    },
  });
  await orClose(server, server.start);
  const hasStoredOffset = async (): Promise<boolean> => {
    const found = await stat(offsetFile).catch(() => null);
    return found !== null && found.size > 0;
  };
  return { ...server, hasStoredOffset, status };
}
