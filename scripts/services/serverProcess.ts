import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './command.ts';
import { until } from './until.ts';

const startTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;

/** A database server of ours. `start` after `kill` or `stop` brings it back on the same data and port. */
export interface ServerProcess {
  /** Resolves when it answers; throws with the end of its log when it does not come up. */
  start(): Promise<void>;
  /** SIGTERM and wait; SIGKILL when it takes too long. */
  stop(): Promise<void>;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
  /** Kills it and removes its folder. */
  close(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers, as on a frozen machine. Resolves when no thread runs. */
  pause(): Promise<void>;
  /** SIGCONT */
  resume(): void;
  isRunning(): boolean;
  /** Of the server while it runs. Throws when it does not. */
  pid(): number;
}

interface ServerProcessOptions {
  readonly name: string;
  readonly program: string;
  /** Of the server, and for its log. */
  readonly folder: string;
  readonly args: readonly string[];
  /** Added to ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** Asked again and again; throwing counts as no. */
  readonly isReady: () => Promise<boolean>;
}

/** An empty folder for a server; `close` of the server removes it. */
export async function serverFolder(name: string): Promise<string> {
  return await mkdtemp(join(tmpdir(), `notify-on-delivery-${name}-`));
}

export function createServerProcess(options: ServerProcessOptions): ServerProcess {
  const { name, folder, isReady } = options;
  const logFile = join(folder, 'server.log');
  let child: ChildProcess | null = null;

  const isRunning = (): boolean =>
    child !== null && child.exitCode === null && child.signalCode === null;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === null || !isRunning()) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const overdue = setTimeout(() => child?.kill('SIGKILL'), stopTimeoutMs);
    await exited;
    clearTimeout(overdue);
  };

  const signal = (which: NodeJS.Signals): void => {
    if (!isRunning()) throw new Error(`${name} is not running`);
    child?.kill(which);
  };

  return {
    isRunning,
    pid() {
      const pid = isRunning() ? child?.pid : undefined;
      if (pid === undefined) throw new Error(`${name} is not running`);
      return pid;
    },
    async start() {
      if (isRunning()) throw new Error(`${name} is running already`);
      child = await launch(options, logFile);
      try {
        await until(`${name} answers`, async () => !isRunning() || (await isReady()), {
          timeoutMs: startTimeoutMs,
        });
        if (!isRunning()) throw new Error(`${name} ended while it was starting`);
      } catch (cause) {
        await end('SIGKILL');
        const log = await readFile(logFile, 'utf8').catch(() => '');
        const tail = log.trimEnd().split('\n').slice(-8).join('\n');
        throw new Error(`${name} did not start; its log ends with\n${tail}`, { cause });
      }
    },
    stop: async () => await end('SIGTERM'),
    kill: async () => await end('SIGKILL'),
    async close() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
    async pause() {
      signal('SIGSTOP');
      const pid = child?.pid ?? 0;
      await until(`${name} has stopped`, async () => await haveAllStopped(pid));
    },
    resume: () => signal('SIGCONT'),
  };
}

/** Does the work that makes a server ready; closes the server when that fails. */
export async function orClose<T>(
  server: Pick<ServerProcess, 'close'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** A busy machine takes a while to stop them all. Elsewhere than on Linux it can't be seen. */
async function haveAllStopped(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(
    threads.map(async (thread) => {
      const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => ') T');
      return stat.slice(stat.lastIndexOf(')') + 2).charAt(0);
    }),
  );
  return states.every((state) => state === 'T');
}

/**
 * A server must not outlive us: an exit hook for ordinary ends, and on Linux the kernel's parent-death
 * signal for the case that we are killed ourselves. `setpriv` replaces itself, so the pid is the server's.
 */
async function launch(
  { program, args, env }: ServerProcessOptions,
  logFile: string,
): Promise<ChildProcess> {
  const setpriv = process.platform === 'linux' ? await findProgram(['setpriv']) : null;
  const [file, before] =
    setpriv === null ? [program, []] : [setpriv, ['--pdeathsig', 'KILL', program]];
  const log = await open(logFile, 'a');
  try {
    const child = spawn(file, [...before, ...args], {
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, ...env },
    });
    await once(child, 'spawn');
    const killAtExit = (): void => void child.kill('SIGKILL');
    process.once('exit', killAtExit);
    child.once('exit', () => process.off('exit', killAtExit));
    return child;
  } finally {
    await log.close();
  }
}
