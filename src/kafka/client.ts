import { createRequire } from 'node:module';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import { clientPackage, installCommand } from './clientPackage.ts';
import type { KafkaModule } from './clientTypes.ts';

export interface LoadedClient {
  readonly module: KafkaModule;
  readonly version: string;
}

/** How a package is found; for tests. */
export interface Packages {
  import(name: string): Promise<unknown>;
  require(path: string): unknown;
}

const installed: Packages = {
  // The name is computed: the package is optional, so no tool may look for it.
  import: async (name) => (await import(name)) as unknown,
  require: createRequire(import.meta.url),
};

/** Rejects with a `ConfigurationError` that says how to install it where it is missing or can't be loaded. */
export async function loadKafkaClient(packages: Packages = installed): Promise<LoadedClient> {
  const { name } = clientPackage;
  try {
    const { default: module } = (await packages.import(name)) as { default: KafkaModule };
    const { version } = packages.require(`${name}/package.json`) as { version: string };
    return { module, version };
  } catch (thrown) {
    throw new ConfigurationError(whyNotLoaded(toError(thrown)), { cause: thrown });
  }
}

function whyNotLoaded(error: Error): string {
  const { name } = clientPackage;
  const { code } = error as NodeJS.ErrnoException;
  if (code?.endsWith('MODULE_NOT_FOUND') === true && error.message.includes(`'${name}'`)) {
    return `KAFKA_BROKERS is set, but the client for Kafka is not installed: install it beside the worker (${installCommand}), or remove KAFKA_BROKERS`;
  }
  const [reason = ''] = error.message.split('\n');
  return `the client for Kafka is installed, but can not be loaded (${reason}): install it again with this version of Node.js (${installCommand})`;
}
