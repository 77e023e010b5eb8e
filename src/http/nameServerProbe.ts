import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isError } from '../runtime/errors.ts';

/** Whether a look-up of the name would be answered, whatever the answer. Never rejects. */
export type IsAnswered = (name: string) => Promise<boolean>;

const TIMEOUT_MS = 2_000;
const TRIES = 2;
const HOSTS_FILE = '/etc/hosts';

/**
 * Takes no thread, however many are asked about: c-ares waits by polling. What it finds is used for nothing else, as it
 * knows neither search domains nor what else the system is set up to ask.
 *
 * @param servers null for the system's
 */
export function createNameServerProbe(servers: readonly string[] | null = null): IsAnswered {
  let resolver: Resolver | null = null;
  let underWay = 0;

  const saysAnything = async (name: string): Promise<boolean> => {
    // A new one reads the system's name servers anew.
    if (resolver === null || underWay === 0) {
      resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
      if (servers !== null) resolver.setServers(servers);
    }
    underWay += 1;
    try {
      await resolver.resolve4(name);
      return true;
    } catch (error) {
      return !(isError(error) && 'code' in error && error.code === 'ETIMEOUT');
    } finally {
      underWay -= 1;
    }
  };
  return async (name) => (await isInHostsFile(name)) || (await saysAnything(name));
}

async function isInHostsFile(name: string): Promise<boolean> {
  try {
    const lines = (await readFile(HOSTS_FILE, 'utf8')).toLowerCase().split('\n');
    return lines.some((line) => line.replace(/#.*/, '').split(/\s+/).slice(1).includes(name));
  } catch {
    return false;
  }
}
