import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Behaviours } from './behaviour.ts';
import { nowUs } from './clock.ts';
import { goReceiver, type Built } from './goReceiver.ts';
import { killChild } from './killChild.ts';
import type { Meter } from './meter.ts';

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
  url(path: string): string;
  paths(): Promise<ReadonlyMap<string, PathCounts>>;
  /** Forgets what came so far; from now on behaves like this. */
  reset(behaviours?: Behaviours): Promise<void>;
  /** From now on behaves like this; what it has not answered yet goes on as it began. */
  behave(behaviours: Behaviours): Promise<void>;
  close(): Promise<void>;
}

/** One in Go where there is Go, since a receiver in Node would take as much CPU time as what it measures. */
export async function startBenchReceiver(): Promise<BenchReceiver> {
  return await startReceiver(await goReceiver());
}

/** The one built in Go, or the one in Node. */
export async function startReceiver(built: Built | null): Promise<BenchReceiver> {
  const script = fileURLToPath(new URL('./nodeReceiver.ts', import.meta.url));
  const child =
    built === null ? launch(process.execPath, ['--import', 'tsx', script]) : launch(built.file, []);
  const address = await firstLine(child);
  const ask = async <T>(path: string, init?: RequestInit): Promise<T> => {
    const answer = await fetch(`http://${address}/admin/${path}`, init);
    if (!answer.ok) throw new Error(`the receiver answers ${answer.status} to ${path}`);
    const text = await answer.text();
    return (text === '' ? null : JSON.parse(text)) as T;
  };
  const tell = async (path: string, behaviours: Behaviours): Promise<void> => {
    await ask(path, { method: 'POST', body: JSON.stringify(behaviours) });
  };
  return {
    description: built?.description ?? `Node's http, ${process.version}`,
    url: (path) => `http://${address}${path}`,
    count: async () => await ask('count'),
    async arrivals() {
      const offsetUs = await offsetOf(async () => await ask<number>('clock'));
      const arrivals = await ask<Record<string, number>>('arrivals');
      return new Map(Object.entries(arrivals).map(([id, atUs]) => [id, atUs + offsetUs]));
    },
    paths: async () => new Map(Object.entries(await ask<Record<string, PathCounts>>('paths'))),
    reset: async (behaviours = {}) => await tell('reset', behaviours),
    behave: async (behaviours) => await tell('behave', behaviours),
    async close() {
      await killChild(child);
    },
  };
}

/** One path per endpoint. */
export function endpointUrls({ url }: Pick<BenchReceiver, 'url'>, count: number): string[] {
  return Array.from({ length: count }, (_, n) => url(endpointPath(n)));
}

export function endpointPath(n: number): string {
  return `/hook/${n}`;
}

/**
 * At any one endpoint, since it was told to forget. A call that the caller has given up counts until the
 * receiver comes to know of it, which may be later than the next call: exact where no call times out.
 */
export async function mostInFlight({ paths }: Pick<BenchReceiver, 'paths'>): Promise<number> {
  return Math.max(...[...(await paths()).values()].map(({ maxInFlight }) => maxInFlight));
}

function launch(program: string, args: readonly string[]): ChildProcess {
  return spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the receiver has no output');
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit').then((): never => {
    throw new Error('the receiver did not start');
  });
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  return line;
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
