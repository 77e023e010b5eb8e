import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../config/packageRoot.ts';
import { startConsole } from '../harness/consoleProcess.ts';
import { settingsAt, startBenchWorker } from './benchWorker.ts';
import type { Contender } from './contender.ts';
import type { Site } from './places.ts';
import { killChild } from './processes.ts';
import type { BenchReceiver } from './receiver.ts';

/** What there is of the console while the worker works. */
export const consoleStates = {
  none: 'no console',
  idle: 'console, no visitors',
  busy: 'console, 100 at once',
  frozen: 'frozen under 100',
  killed: 'killed under 100',
} as const;

export type ConsoleState = keyof typeof consoleStates;

/** For so long it is visited before it is frozen or killed. */
const VISITED_MS = 2_000;

const visitors = fileURLToPath(new URL('./visitors.ts', import.meta.url));

/** The worker, with a console on the same databases. */
export function besideConsole({ count, arrivals }: BenchReceiver, state: ConsoleState): Contender {
  return {
    name: `console-${state}`,
    label: consoleStates[state],
    drivenBy: 'statuses',
    seenBy: 'receiver',
    records: true,
    async start(site) {
      const root = packageRoot();
      const worker = await startBenchWorker(site, { count, arrivals }, { settings: {}, root });
      const beside = await openConsole(site, state).catch(async (error: unknown) => {
        await worker[Symbol.asyncDispose]();
        throw error;
      });
      return {
        ...worker,
        async [Symbol.asyncDispose]() {
          await beside.close();
          await worker[Symbol.asyncDispose]();
        },
      };
    },
  };
}

async function openConsole(site: Site, state: ConsoleState): Promise<{ close(): Promise<void> }> {
  if (state === 'none') return { close: async () => await Promise.resolve() };
  const proxied = { CONSOLE_PORT: '0', CONSOLE_PROXY_CIDRS: '127.0.0.0/8' };
  const running = startConsole({ ...settingsAt(site, {}), ...proxied });
  let crowd: ChildProcess | null = null;
  const close = async (): Promise<void> => {
    if (crowd !== null) await killChild(crowd);
    await running.stop('SIGKILL');
  };
  try {
    const origin = await running.origin();
    if (state === 'idle') return { close };
    crowd = spawn(process.execPath, [visitors, origin], { stdio: ['ignore', 'ignore', 'inherit'] });
    await wait(VISITED_MS);
    if (state === 'frozen') running.signal('SIGSTOP');
    if (state === 'killed') running.signal('SIGKILL');
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}
