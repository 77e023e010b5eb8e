import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cached } from '../services/cacheFolder.ts';
import { findProgram, runCommand } from '../services/command.ts';
import type { Behaviours } from './behaviour.ts';
import { nowUs } from './clock.ts';
import { killChild } from './processes.ts';

/** What notes that something has arrived. */
export interface Meter {
  /** Calls are all, with those that came twice. */
  count(): Promise<Readonly<Record<'calls' | 'notifications', number>>>;
  /** By notification id, when it came first: microseconds as `nowUs` counts them. */
  arrivals(): Promise<ReadonlyMap<string, number>>;
}

/** Of the calls of one path. */
export interface PathCounts {
  /** All, with those that came twice and those that were refused. */
  readonly calls: number;
  /** Those answered with a 2xx, or about to be. */
  readonly accepted: number;
  /** Begun and not answered. */
  readonly inFlight: number;
  /** The most there have been at a time. */
  readonly maxInFlight: number;
}

/** A webhook in a process of its own, whose work is not counted as anybody's. */
export interface BenchReceiver extends Meter {
  /** Which one it is. */
  readonly description: string;
  /** Host and port. */
  readonly address: string;
  url(path: string): string;
  paths(): Promise<ReadonlyMap<string, PathCounts>>;
  /** Forgets what came so far; from now on behaves like this. */
  reset(behaviours?: Behaviours): Promise<void>;
  /** From now on behaves like this; what it has not answered yet goes on as it began. */
  behave(behaviours: Behaviours): Promise<void>;
  close(): Promise<void>;
}

export interface Built {
  readonly file: string;
  readonly description: string;
}

/** The first build compiles Go's standard library too. */
const BUILD_LIMIT_MS = 5 * 60_000;

const source = fileURLToPath(new URL('./receiver.go', import.meta.url));
const env = { GOTOOLCHAIN: 'local', GOFLAGS: '', GO111MODULE: 'off', CGO_ENABLED: '0' };

/**
 * The receiver in Go, since one in Node would take as much CPU time as what it measures. Built once for a source
 * and a version of Go; null where there is no Go.
 */
export async function goReceiver(): Promise<Built | null> {
  const go = await findProgram(['go'], ['/usr/local/go/bin', '/usr/lib/go/bin']);
  if (go === null) return null;
  const version = (await runCommand(go, ['env', 'GOVERSION'], { timeoutMs: 60_000, env })).trim();
  const hash = createHash('sha256').update(version);
  const digest = hash.update(await readFile(source)).digest('hex');
  const file = await cached(`receiver-${digest.slice(0, 16)}`, async (scratch) => {
    const result = join(scratch, 'receiver');
    const args = ['build', '-trimpath', '-o', result, source];
    await runCommand(go, args, { timeoutMs: BUILD_LIMIT_MS, env });
    return result;
  });
  return { file, description: `Go's net/http, ${version}` };
}

/** The receiver built in Go, or the one in Node, at this address. Port 0 stands for any free port. */
export async function startReceiver(
  built: Built | null,
  at = '127.0.0.1:0',
): Promise<BenchReceiver> {
  const script = fileURLToPath(new URL('./nodeReceiver.ts', import.meta.url));
  const [program, args] = built === null ? [process.execPath, [script, at]] : [built.file, [at]];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then((): never => {
    throw new Error('the receiver did not start');
  });
  const firstLine = once(createInterface({ input: child.stdout }), 'line');
  const [address] = (await Promise.race([firstLine, ended])) as [string];
  ended.catch(() => undefined);
  const ask = async <T>(path: string, init?: RequestInit): Promise<T> => {
    const answer = await fetch(`http://${address}/admin/${path}`, init);
    if (!answer.ok) throw new Error(`the receiver answers ${answer.status} to ${path}`);
    const text = await answer.text();
    return (text === '' ? null : JSON.parse(text)) as T;
  };
  const post = async (path: string, behaviours: Behaviours): Promise<void> =>
    await ask(path, { method: 'POST', body: JSON.stringify(behaviours) });
  return {
    description: built?.description ?? `Node's http, ${process.version}`,
    address,
    url: (path) => `http://${address}${path}`,
    count: async () => await ask('count'),
    async arrivals() {
      const offsetUs = await offsetOf(async () => await ask<number>('clock'));
      const arrivals = await ask<Record<string, number>>('arrivals');
      return new Map(Object.entries(arrivals).map(([id, atUs]) => [id, atUs + offsetUs]));
    },
    paths: async () => new Map(Object.entries(await ask<Record<string, PathCounts>>('paths'))),
    reset: async (behaviours = {}) => await post('reset', behaviours),
    behave: async (behaviours) => await post('behave', behaviours),
    close: async () => await killChild(child),
  };
}

/** One path per endpoint. */
export function endpointUrls({ url }: Pick<BenchReceiver, 'url'>, count: number): string[] {
  return Array.from({ length: count }, (_, n) => url(endpointPath(n)));
}

export function endpointPath(n: number): string {
  return `/hook/${n}`;
}

const CLOCK_QUESTIONS = 10;

/** What to add to its time to have ours, by the question that was answered soonest. */
async function offsetOf(theirNowUs: () => Promise<number>): Promise<number> {
  let best = { tookUs: Number.POSITIVE_INFINITY, offsetUs: 0 };
  for (let asked = 0; asked < CLOCK_QUESTIONS; asked += 1) {
    const beforeUs = nowUs();
    const theirsUs = await theirNowUs();
    const tookUs = nowUs() - beforeUs;
    if (tookUs < best.tookUs) best = { tookUs, offsetUs: beforeUs + tookUs / 2 - theirsUs };
  }
  return best.offsetUs;
}
