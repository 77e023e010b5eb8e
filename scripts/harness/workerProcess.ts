import { spawn } from 'node:child_process';
import { packageRoot } from '../../config/packageRoot.ts';
import { until } from '../services/until.ts';
import { followLog, type Exit } from './processLog.ts';
import { signalProcess } from './script.ts';

interface Probe {
  readonly status: number;
  readonly body: { status: string; components: Record<string, { status: string; detail: string }> };
}

/** The worker as an operator runs it: `npm start` in a process of its own. */
export type WorkerProcess = ReturnType<typeof startWorker>;

/** The caller's environment does not reach the worker, but for what any program needs. */
const inherited = ['PATH', 'HOME', 'LANG', 'TZ'];

export function inheritedEnv(): Readonly<Record<string, string>> {
  return Object.fromEntries(inherited.map((name) => [name, process.env[name] ?? '']));
}

/** Starts it with these settings, on any free port unless they name one. Stop or kill it. */
export function startWorker(settings: Readonly<Record<string, string>>) {
  const child = spawn('npm', ['start', '--silent'], {
    cwd: packageRoot(),
    env: { ...inheritedEnv(), HTTP_HOST: '127.0.0.1', HTTP_PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { lines, output, exit, hasEnded, beforeExit, line } = followLog(child, 'the worker');
  let isToEnd = false;
  /** Sends the signal to the worker itself, if it is still there. */
  const signal = async (which: NodeJS.Signals): Promise<void> => {
    if (hasEnded()) return;
    const { pid } = await line('started');
    signalProcess(pid as number, which);
  };
  /** Null when nobody listens. */
  const probe = async (path: '/readyz' | '/livez'): Promise<Probe | null> => {
    const { httpPort } = await line('started');
    try {
      const answer = await fetch(`http://127.0.0.1:${String(httpPort)}${path}`);
      return { status: answer.status, body: (await answer.json()) as Probe['body'] };
    } catch {
      return null;
    }
  };

  return {
    lines,
    output,
    exit,
    /** Whether `stop` or `kill` was called. */
    isToEnd: () => isToEnd,
    line,
    probe,
    /** Resolves once `/readyz` answers 200. */
    async ready(): Promise<void> {
      const isReady = async (): Promise<boolean> => (await probe('/readyz'))?.status === 200;
      await beforeExit(until('the worker is ready', isReady, { timeoutMs: 60_000 }));
    },
    /** Sends the signal to `npm start`, as systemd and Kubernetes do, and waits for the end. */
    async stop(which: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<Exit> {
      isToEnd = true;
      if (!hasEnded()) child.kill(which);
      return await exit;
    },
    signal,
    /** Ends the worker itself without a word, as the kernel would. */
    async kill(): Promise<Exit> {
      isToEnd = true;
      await signal('SIGKILL');
      return await exit;
    },
  };
}
