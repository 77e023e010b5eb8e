import { describe, expect, it } from '@jest/globals';
import { settingEntries } from '../../../config/schema.ts';
import { clientPackage } from '../../../src/kafka/clientPackage.ts';
import {
  readCompose,
  readComposeWorker,
  readConfigMap,
  readProjectFile,
  readYaml,
} from '../../support/deployFiles.ts';

const compose = readCompose('compose.kafka.yaml');
const connector = readProjectFile('deploy/kafka/mongo-source.json');
const properties = readProjectFile('deploy/kafka/connect-standalone.properties');
const environmentOf = (service: string) => compose[service]?.environment ?? {};

function versionsIn(path: string): readonly string[] {
  const found = readProjectFile(path).matchAll(/@confluentinc\/kafka-javascript@([\w.-]*\w)/g);
  return [...found].map(([, version = '']) => version);
}

describe('the client', () => {
  it.each(['Dockerfile', 'docs/kafka.md', 'docs/installing.md'])(
    'is installed by %s in the version that was tested',
    (path) => {
      expect(new Set(versionsIn(path))).toEqual(new Set([clientPackage.version]));
    },
  );
});

describe('Kafka in compose.kafka.yaml', () => {
  const { KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic } = environmentOf('worker');

  it('gives the connector what its placeholders name', () => {
    const names = [...connector.matchAll(/\$\{env:(\w+)\}/g)].map(([, name = '']) => name);
    expect(new Set(Object.keys(environmentOf('connect')))).toEqual(new Set(names));
  });

  it('has one topic and one address of the broker', () => {
    expect(environmentOf('connect')['KAFKA_TOPIC']).toBe(topic);
    expect(compose['topic']?.command).toContain(`--topic=${topic}`);
    expect(compose['topic']?.entrypoint).toContain(`--bootstrap-server=${brokers}`);
    expect(properties).toMatch(new RegExp(`^bootstrap\\.servers=${brokers}$`, 'm'));
    expect(environmentOf('kafka')['KAFKA_ADVERTISED_LISTENERS']).toBe(`PLAINTEXT://${brokers}`);
  });

  it('has a second worker like the first, of which each file has a part', () => {
    const { build, ports, ...first } = readComposeWorker();
    const added = compose['worker'];
    expect(compose['worker-2']).toEqual({
      ...{ ...first, ...added },
      build: { context: build, ...(added?.build as object) },
      environment: { ...first.environment, ...added?.environment },
      depends_on: { ...first.depends_on, ...added?.depends_on },
      ports: [expect.not.stringMatching(ports[0])],
    });
  });

  it('has the console look where the workers do, with their image', () => {
    const { image, environment } = compose['console'] ?? {};
    expect({ image, environment }).toEqual({
      image: compose['worker']?.image,
      environment: environmentOf('worker'),
    });
  });

  it('has Prometheus scrape both workers', () => {
    const { scrape_configs: jobs } = readYaml('deploy/compose/prometheus.kafka.yml') as {
      scrape_configs: readonly { static_configs: readonly { targets: readonly string[] }[] }[];
    };
    const targets = jobs.flatMap((job) => job.static_configs.flatMap((each) => each.targets));
    expect(targets).toEqual(['worker:8080', 'worker-2:8080']);
  });
});

interface Scaled {
  readonly metadata: Readonly<{ name: string }>;
  readonly spec: Readonly<{
    scaleTargetRef: Readonly<{ name: string }>;
    triggers: readonly [Readonly<{ metadata: Readonly<Record<string, string>> }>];
  }>;
}

describe('the autoscaler', () => {
  const { spec } = readYaml('deploy/kubernetes/keda/scaledObject.yaml') as Scaled;
  const [{ metadata }] = spec.triggers;

  it('scales the workers', () => {
    const { metadata: deployment } = readYaml('deploy/kubernetes/base/deployment.yaml') as Scaled;
    expect(spec.scaleTargetRef.name).toBe(deployment.name);
  });

  it('looks at the topic and the group of the workers', () => {
    const settings = readConfigMap('example-kafka');
    const [, { default: group } = {}] =
      settingEntries.find(([name]) => name === 'KAFKA_GROUP') ?? [];
    expect(metadata).toMatchObject({ topic: settings['KAFKA_TOPIC'], consumerGroup: group });
    const overlay = readProjectFile('deploy/kubernetes/example-kafka/kustomization.yaml');
    expect(overlay).toContain(`value: ${settings['KAFKA_BROKERS']}`);
  });
});
