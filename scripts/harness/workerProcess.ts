import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../config/packageRoot.ts';
import { until } from '../services/until.ts';
import { signalProcess } from './script.ts';

/** One line of the worker's JSON log. */
interface LogLine {
  readonly timestamp: string;
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Probe {
  readonly status: number;
  readonly body: { status: string; components: Record<string, { status: string; detail: string }> };
}

/** The worker as an operator runs it: `npm start` in a process of its own. */
export type WorkerProcess = ReturnType<typeof startWorker>;

/** The caller's environment does not reach the worker, but for what any program needs. */
const inherited = ['PATH', 'HOME', 'LANG', 'TZ'];

/** Starts it with these settings, on any free port unless they name one. Stop or kill it. */
export function startWorker(settings: Readonly<Record<string, string>>) {
  const base = Object.fromEntries(inherited.map((name) => [name, process.env[name] ?? '']));
  const child = spawn('npm', ['start', '--silent'], {
    cwd: packageRoot(),
    env: { ...base, HTTP_HOST: '127.0.0.1', HTTP_PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: LogLine[] = [];
  let output = '';
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  createInterface({ input: child.stdout }).on('line', (text) => {
    output += `${text}\n`;
    const parsed = parseLine(text);
    if (parsed !== null) lines.push(parsed);
  });
  let ended: Exit | null = null;
  let isToEnd = false;
  const exit = once(child, 'close').then(([code, signal]: (number | string | null)[]) => {
    ended = { code: code as number | null, signal: signal as NodeJS.Signals | null };
    return ended;
  });

  const beforeExit = async <Result>(waiting: Promise<Result>): Promise<Result> =>
    await Promise.race([
      waiting,
      exit.then((how): never => {
        throw new Error(`the worker has ended: ${JSON.stringify(how)}\n${output}`);
      }),
    ]);
  /** Resolves with the first line of this event, now or later. Rejects if the process ends before. */
  const line = async (event: string): Promise<LogLine> => {
    const find = (): LogLine | undefined => lines.find((each) => each.event === event);
    return find() ?? (await beforeExit(until(`the worker logs ${event}`, find)));
  };
  /** Sends the signal to the worker itself, if it is still there. */
  const signal = async (which: NodeJS.Signals): Promise<void> => {
    if (ended !== null) return;
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
    /** Every line so far. */
    lines: lines as readonly LogLine[],
    /** All that was written to either output so far. */
    output: () => output,
    /** Resolves when it has ended, however. */
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
      if (ended === null) child.kill(which);
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

function parseLine(text: string): LogLine | null {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return null;
  }
}
