import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptInstall } from '../../../scripts/services/apt.ts';
import { findProgram } from '../../../scripts/services/command.ts';
import { openBridge } from './bridge.ts';
import type { IslandMessage, IslandPlan } from './plan.ts';

export interface Island {
  /** Stops the worker; every connection there was to a web server, as `127.0.0.1 80`, and what the worker wrote. */
  end(): Promise<{ readonly connections: readonly string[]; readonly output: string }>;
  close(): Promise<void>;
}

/** Ports of 127.0.0.1 that the worker needs from outside. */
type Outside = readonly number[];

const script = fileURLToPath(new URL('./main.ts', import.meta.url));

/**
 * A worker in a network with nothing but a loopback interface: whatever address it connects to is one that was put
 * there, and no connection goes unseen. Needs root on Linux.
 */
export async function startIsland(
  plan: Omit<IslandPlan, 'bridges'>,
  outside: Outside,
): Promise<Island> {
  await needPrograms();
  const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-island-'));
  const bridges = outside.map((port) => ({ port, socketFile: join(folder, `${port}.sock`) }));
  const servers = await Promise.all(
    bridges.map(
      async ({ port, socketFile }) =>
        await openBridge({ path: socketFile }, { port, host: '127.0.0.1' }),
    ),
  );
  const child = spawn(
    'unshare',
    [...['--net', '--mount', process.execPath, script], JSON.stringify({ ...plan, bridges })],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '', TMPDIR: folder },
    },
  );
  const exit = once(child, 'exit');
  const island: Island = {
    async end() {
      child.send('end');
      const ended = await next(child, exit);
      if (ended.kind !== 'ended') throw new Error('the island has not ended');
      return ended;
    },
    async close() {
      child.kill('SIGKILL');
      await exit;
      for (const server of servers) server.close();
      await rm(folder, { recursive: true });
    },
  };
  try {
    await next(child, exit);
    return island;
  } catch (error) {
    await island.close();
    throw error;
  }
}

async function next(child: ChildProcess, exit: Promise<unknown>): Promise<IslandMessage> {
  const [message] = (await Promise.race([
    once(child, 'message'),
    exit.then((how) => {
      throw new Error(`the island has ended: ${JSON.stringify(how)}`);
    }),
  ])) as [IslandMessage];
  return message;
}

async function needPrograms(): Promise<void> {
  const advice = 'This test needs Linux, root, and the programs ip and unshare.';
  if ((await findProgram(['ip'], ['/usr/sbin', '/sbin'])) !== null) return;
  await aptInstall(['iproute2'], advice);
}
