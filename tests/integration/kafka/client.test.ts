import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { loadKafkaClient } from '../../../src/kafka/client.ts';
import { consumerConfig } from '../../../src/kafka/clientConfig.ts';
import { clientPackage, installCommand } from '../../../src/kafka/clientPackage.ts';

const run = promisify(execFile);

describe('the client for Kafka', () => {
  it('is loaded where it is installed, in the version that is tested', async () => {
    const { module, version } = await loadKafkaClient();
    expect(version).toBe(clientPackage.version);
    expect(module.librdkafkaVersion).toMatch(/^2\.15\./);
  });

  it('is named with the command that installs it, where it is not', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'notify-on-delivery-client-'));
    try {
      for (const folder of ['src/kafka', 'src/runtime']) {
        await cp(join(packageRoot(), folder), join(elsewhere, folder), { recursive: true });
      }
      await writeFile(join(elsewhere, 'package.json'), '{ "type": "module" }');
      const script =
        "const { loadKafkaClient } = await import('./src/kafka/client.ts');" +
        'await loadKafkaClient().catch(({ name, message }) => console.log(name, message));';
      const options = { cwd: elsewhere };
      const args = ['--input-type=module', '-e', script];
      const { stdout } = await run(process.execPath, args, options);
      expect(stdout).toMatch(
        /^ConfigurationError KAFKA_BROKERS is set, .* not installed: .*\(npm install [^)]*@confluentinc\/kafka-javascript@1\.10\.1\)/,
      );
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it('is what that command would install', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'notify-on-delivery-install-'));
    try {
      for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
        await cp(join(packageRoot(), file), join(elsewhere, file));
      }
      const [npm = '', ...args] = installCommand.split(' ');
      const dryRun = [...args, '--dry-run', '--omit=dev', '--omit=optional'];
      const { stdout } = await run(npm, dryRun, { cwd: elsewhere });
      expect(stdout.split('\n')).toContain(`add ${clientPackage.name} ${clientPackage.version}`);
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it.each([1_000, 15_000, 3_600_000])(
    'takes the settings of a session of %d ms',
    async (sessionMs) => {
      const { module } = await loadKafkaClient();
      const text = null;
      const connection = {
        ...{ brokers: ['127.0.0.1:1'], tls: true, ca: text, cert: text, key: text },
        ...{ saslMechanism: 'SCRAM-SHA-512', saslUsername: 'worker', saslPassword: 'pw' },
      };
      const config = consumerConfig({ connection, group: 'g', workerId: 'host:7', sessionMs });
      const consumer = new module.KafkaConsumer(config.global, config.topic);
      // Only when it connects does the client see whether its settings fit together.
      const error = await new Promise<unknown>((resolve) => {
        consumer.connect({ timeout: 100 }, (thrown) => resolve(thrown));
      });
      expect(error).toMatchObject({
        message: expect.stringMatching(/transport failure|timed out/i),
      });
    },
  );
});
