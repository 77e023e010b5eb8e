/** Argument: the console's address. A hundred people who each open one page after the other, until this is killed. */
import { Agent, get } from 'node:http';
import { constants, setPriority } from 'node:os';
import { FIRST_ACCOUNT } from './places.ts';

const AT_ONCE = 100;
/** When nobody answers. */
const PAUSE_MS = 100;

// In earnest, browsers run on other machines.
setPriority(constants.priority.PRIORITY_LOW);

const origin = process.argv[2] ?? '';
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
const paths = ['/', `/accounts/${FIRST_ACCOUNT}`, '/endpoints', '/accounts', '/find?q=no-such-sms'];

/** Resolves when it has been answered, or not. */
async function visit(path: string, who: number): Promise<boolean> {
  const headers = { 'x-forwarded-user': `visitor ${who}`, 'x-forwarded-groups': 'editor' };
  return await new Promise((resolve) => {
    const request = get(`${origin}${path}`, { agent, headers }, (response) => {
      response.resume().once('close', () => resolve(true));
    });
    request.once('error', () => resolve(false));
  });
}

async function keepVisiting(first: number): Promise<never> {
  for (let n = first; ; n += 1) {
    if (await visit(paths[n % paths.length] ?? '/', first)) continue;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, async (_, n) => await keepVisiting(n)));
