import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cached } from '../cacheFolder.ts';
import { freePort } from '../freePort.ts';
import {
  createServerProcess,
  orClose,
  serverFolder,
  type ServerProcess,
} from '../serverProcess.ts';
import { brokerProperties, type BrokerOptions, type BrokerUser } from './brokerProperties.ts';
import { javaProgram, runKafkaTool } from './java.ts';
import { kafkaJars } from './jars.ts';

export interface Broker extends ServerProcess {
  /** Without protection; who comes this way may do everything. */
  readonly bootstrap: string;
  /** With TLS; there with `tls`. */
  readonly tlsBootstrap: string;
  /** With SASL and without TLS; there with `users`. */
  readonly saslBootstrap: string;
  /** With both; there with `tls` and `users`. */
  readonly saslTlsBootstrap: string;
  /** Gives a user rights by the arguments of `kafka-acls`, such as `['--operation=Read', '--topic=t']`. */
  grant(user: string, rights: readonly string[]): Promise<void>;
  /** Sets a topic's properties, such as `retention.ms`. */
  alterTopic(topic: string, properties: Readonly<Record<string, string>>): Promise<void>;
}

/** One node that is broker and controller. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const java = await javaProgram('kafka.Kafka', { heapMb: 384 });
  const folder = await serverFolder('kafka');
  const data = join(folder, 'data');
  const logFile = join(folder, 'server.log');
  const config = join(folder, 'broker.properties');
  const ports = {
    admin: await freePort(),
    controller: await freePort(),
    tls: await freePort(),
    saslTls: await freePort(),
    sasl: await freePort(),
  };
  await writeFile(config, brokerProperties(data, ports, options));
  /** Of all starts so far: the log is one file. It takes requests before it is ready for them. */
  const startsSaid = async (): Promise<number> => {
    const log = await readFile(logFile, 'utf8').catch(() => '');
    return log.split('Kafka Server started').length - 1;
  };
  let startsBefore = 0;
  const server = createServerProcess({
    name: 'Kafka',
    program: java.program,
    folder,
    args: [...java.args, config],
    isReady: async () => (await startsSaid()) > startsBefore,
  });
  const start = async (): Promise<void> => {
    startsBefore = await startsSaid();
    await server.start();
  };
  const at = (port: number): string => `127.0.0.1:${port}`;
  const bootstrap = at(ports.admin);
  return await orClose(server, async () => {
    await formatData(data, config, options.users ?? []);
    await start();
    return {
      ...server,
      start,
      bootstrap,
      tlsBootstrap: at(ports.tls),
      saslBootstrap: at(ports.sasl),
      saslTlsBootstrap: at(ports.saslTls),
      async grant(user, rights) {
        const whom = [`--bootstrap-server=${bootstrap}`, '--add', `--allow-principal=User:${user}`];
        await runKafkaTool('org.apache.kafka.tools.AclCommand', [...whom, ...rights]);
      },
      async alterTopic(topic, properties) {
        const all = Object.entries(properties).map(([name, value]) => `${name}=[${value}]`);
        await runKafkaTool('kafka.admin.ConfigCommand', [
          ...['--bootstrap-server', bootstrap, '--alter', '--entity-type', 'topics'],
          ...['--entity-name', topic, '--add-config', all.join(',')],
        ]);
      },
    };
  });
}

/** A data folder takes a JVM to make and milliseconds to copy, so one is kept; users of SCRAM are written into it. */
async function formatData(
  data: string,
  config: string,
  users: readonly BrokerUser[],
): Promise<void> {
  if (users.length > 0) {
    await format(config, users);
    return;
  }
  const version = basename(await kafkaJars());
  const template = await cached(`${version}-data`, async (scratch) => {
    const made = join(scratch, 'data');
    const own = join(scratch, 'broker.properties');
    const text = await readFile(config, 'utf8');
    await writeFile(
      own,
      text.replace(/^log\.dirs=.*$/m, () => `log.dirs=${made}`),
    );
    await format(own, []);
    return made;
  });
  await mkdir(data);
  await cp(template, data, { recursive: true });
}

async function format(config: string, users: readonly BrokerUser[]): Promise<void> {
  const scram = users.flatMap(({ name, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
      (mechanism) => `--add-scram=${mechanism}=[name=${name},password=${password}]`,
    ),
  );
  const clusterId = 'bm90aWZ5LW9uLWRlbGl2ZQ';
  const args = ['format', '--config', config, '--cluster-id', clusterId, ...scram];
  await runKafkaTool('kafka.tools.StorageTool', args);
}
