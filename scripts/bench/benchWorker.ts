import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../config/packageRoot.ts';
import { defaultSettings } from '../harness/defaultSettings.ts';
import { signalProcess } from '../harness/signalProcess.ts';
import { until } from '../services/until.ts';
import type { Running } from './contender.ts';
import type { Meter } from './meter.ts';
import type { Site } from './site.ts';

const START_LIMIT_MS = 60_000;

/** Where they are not the default. */
export type Settings = Readonly<Record<string, string>>;

/** The receiver is on this machine. */
const always: Settings = { EGRESS_ALLOW_CIDRS: '127.0.0.0/8' };

interface Started {
  readonly event: string;
  readonly pid: number;
  readonly httpPort: number;
}

/** `npm start` with default settings but for those given, its log in a file; resolves when it is ready. */
export async function startBenchWorker(
  site: Site,
  receiver: Meter,
  settings: Settings = {},
): Promise<Running> {
  const logFile = join(site.folder, `${site.database}.log`);
  const log = await open(logFile, 'w');
  const child = spawn('npm', ['start', '--silent'], {
    cwd: packageRoot(),
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      ...defaultSettings(),
      ...always,
      ...settings,
      MONGODB_URI: site.mongodbUri,
      MONGODB_DATABASE: site.database,
      MYSQL_URI: site.mysqlUri,
    },
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  const exited = once(child, 'exit');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  try {
    const { pid, httpPort } = await whileRunning(hasEnded, async () => await findStarted(logFile));
    await whileRunning(hasEnded, async () => {
      const answer = await fetch(`http://127.0.0.1:${httpPort}/readyz`);
      return answer.ok;
    });
    const end = async (): Promise<void> => {
      if (!hasEnded()) signalProcess(pid, 'SIGKILL');
      await exited;
    };
    const post = (): never => {
      throw new Error('the worker is told by statuses');
    };
    return { ...receiver, pid, post, end };
  } catch (cause) {
    child.kill('SIGTERM');
    await exited;
    const said = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-5).join('\n');
    throw new Error(`the worker did not start; its log ends with\n${said}`, { cause });
  }
}

async function whileRunning<T>(
  hasEnded: () => boolean,
  look: () => Promise<T>,
): Promise<NonNullable<T>> {
  const seen = await until<{ value: NonNullable<T> } | 'ended' | null>(
    'the worker is ready',
    async () => {
      if (hasEnded()) return 'ended';
      const value = await look();
      return value ? { value } : null;
    },
    { timeoutMs: START_LIMIT_MS },
  );
  if (seen === 'ended') throw new Error('it has ended');
  return seen.value;
}

async function findStarted(logFile: string): Promise<Started | null> {
  const lines = (await readFile(logFile, 'utf8')).split('\n').slice(0, -1);
  const line = lines.find((text) => text.includes('"event":"started"'));
  return line === undefined ? null : (JSON.parse(line) as Started);
}
