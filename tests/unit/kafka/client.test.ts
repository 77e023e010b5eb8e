import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { loadKafkaClient, type Packages } from '../../../src/kafka/client.ts';
import { clientPackage, installCommand } from '../../../src/kafka/clientPackage.ts';
import { ConfigurationError } from '../../../src/runtime/errors.ts';

const failing = (thrown: Error): Packages => ({
  import: () => Promise.reject(thrown),
  require: () => ({ version: '1.10.1' }),
});
const reasonOf = async (packages: Packages): Promise<unknown> =>
  await loadKafkaClient(packages).catch((error: unknown) => error);

describe('the client for Kafka', () => {
  it('is what the package exports, with its version', async () => {
    const module = { librdkafkaVersion: '2.15.1' };
    const asked: string[] = [];
    const packages: Packages = {
      import: async (name) => {
        asked.push(name);
        return await Promise.resolve({ default: module });
      },
      require: (path) => {
        asked.push(path);
        return { version: '1.10.7' };
      },
    };
    expect(await loadKafkaClient(packages)).toEqual({ module, version: '1.10.7' });
    expect(asked).toEqual([clientPackage.name, `${clientPackage.name}/package.json`]);
  });

  it('is asked for by the command that installs it, when it is missing', async () => {
    const code = 'ERR_MODULE_NOT_FOUND';
    const message = `Cannot find package '${clientPackage.name}' imported from /worker/client.js`;
    const error = await reasonOf(failing(Object.assign(new Error(message), { code })));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      message:
        'KAFKA_BROKERS is set, but the client for Kafka is not installed: install it beside the worker (npm install --no-save --save-prod @confluentinc/kafka-javascript@1.10.1), or remove KAFKA_BROKERS',
    });
  });

  it.each([
    [
      'Could not locate the bindings file. Tried:\n → /a/build/x.node\n → /b',
      'Could not locate the bindings file. Tried:',
    ],
    [
      "The module '/a/x.node' was compiled against a different Node.js version using\nNODE_MODULE_VERSION 115.",
      "The module '/a/x.node' was compiled against a different Node.js version using",
    ],
    [
      "Cannot find module 'bindings'\nRequire stack:\n- /@confluentinc/kafka-javascript/librdkafka.js",
      "Cannot find module 'bindings'",
    ],
  ])('is to be installed again, when it can not be loaded (%j)', async (message, shown) => {
    const code = 'MODULE_NOT_FOUND';
    const error = await reasonOf(failing(Object.assign(new Error(message), { code })));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      message: `the client for Kafka is installed, but can not be loaded (${shown}): install it again with this version of Node.js (${installCommand})`,
    });
  });

  it('is an optional package, of a version with the same methods', () => {
    const { peerDependencies, peerDependenciesMeta } = JSON.parse(
      readFileSync(join(packageRoot(), 'package.json'), 'utf8'),
    ) as Record<string, Record<string, unknown>>;
    expect(peerDependencies).toEqual({ [clientPackage.name]: `~${clientPackage.version}` });
    expect(peerDependenciesMeta).toEqual({ [clientPackage.name]: { optional: true } });
  });
});
