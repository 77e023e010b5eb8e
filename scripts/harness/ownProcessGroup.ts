import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { signalProcess } from './signalProcess.ts';

/**
 * Runs a script as a child in a process group of its own and returns its exit code. A terminal's Ctrl-C goes
 * to the whole group in front; this way it reaches us alone, and the script can stop the worker before the
 * databases. Whatever of the group is left when the script has ended, however it did, is killed.
 */
export async function runInOwnProcessGroup(script: URL, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(script), ...args], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (child.pid !== undefined) signalProcess(-child.pid, 'SIGKILL');
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
