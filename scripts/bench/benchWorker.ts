import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toError } from '../../src/runtime/errors.ts';
import { defaultSettings } from '../harness/builtWorker.ts';
import { signalProcess } from '../harness/script.ts';
import { until } from '../services/until.ts';
import type { Running } from './contender.ts';
import type { Site } from './places.ts';
import { keepProfiles, profilingArgs, type Measured } from './profile.ts';
import type { Meter } from './receiver.ts';

const START_LIMIT_MS = 120_000;

/** Where they are not the default. */
export type Settings = Readonly<Record<string, string>>;

/** All settings of a worker, and of commands, at this place. */
export function settingsAt(site: Site, settings: Settings): Settings {
  return {
    ...defaultSettings(),
    // The receiver is on this machine.
    EGRESS_ALLOW_CIDRS: '127.0.0.0/8',
    ...settings,
    MONGODB_URI: site.mongodbUri,
    MONGODB_DATABASE: site.database,
    MYSQL_URI: site.mysqlUri,
  };
}

interface BenchWorker extends Running {
  readonly httpPort: number;
}

/**
 * `npm start` of a built checkout with default settings but for those given, its log in a file; resolves when it is
 * ready.
 */
export async function startBenchWorker(
  site: Site,
  receiver: Meter,
  {
    settings,
    root,
    name = '',
  }: Readonly<{
    settings: Settings;
    root: string;
    /** Sets its log apart from those of others at this place. */
    name?: string;
  }>,
): Promise<BenchWorker> {
  const logFile = join(site.folder, `${site.database}${name}.log`);
  const log = await open(logFile, 'w');
  const { profileTo } = site;
  const profiling = profileTo === null ? [] : profilingArgs(profileTo);
  let measured: Measured | null = null;
  const child = spawn('npm', ['start', '--silent', ...profiling], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      ...settingsAt(site, settings),
    },
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  const exited = once(child, 'exit');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const isReady = async (): Promise<Started | 'ended' | null> => {
    if (hasEnded()) return 'ended';
    const started = await findStarted(logFile);
    if (started === null) return null;
    const { ok } = await fetch(`http://127.0.0.1:${started.httpPort}/readyz`);
    return ok ? started : null;
  };
  try {
    const started = await until('the worker is ready', isReady, { timeoutMs: START_LIMIT_MS });
    if (started === 'ended') {
      throw new Error(`it has ended: ${child.signalCode ?? `exit code ${child.exitCode}`}`);
    }
    const { pid, httpPort } = started;
    return {
      ...receiver,
      pid,
      httpPort,
      post() {
        throw new Error('the worker is driven by statuses');
      },
      onMeasured: (what) => void (measured = what),
      async [Symbol.asyncDispose]() {
        // A killed process leaves no profile.
        if (!hasEnded()) signalProcess(pid, profileTo === null ? 'SIGKILL' : 'SIGTERM');
        await exited;
        if (profileTo !== null) await keepProfiles(profileTo, pid, measured);
      },
    };
  } catch (cause) {
    child.kill('SIGTERM');
    await exited;
    const tail = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-5).join('\n');
    const { message } = toError(cause);
    throw new Error(`the worker did not start: ${message}; its log ends with\n${tail}`, { cause });
  }
}

type Started = Readonly<Record<'pid' | 'httpPort', number>>;

async function findStarted(logFile: string): Promise<Started | null> {
  const lines = (await readFile(logFile, 'utf8')).split('\n').slice(0, -1);
  const line = lines.find((text) => text.includes('"event":"started"'));
  return line === undefined ? null : (JSON.parse(line) as Started);
}
