import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';

export type LookUp = (name: string) => Promise<readonly LookupAddress[]>;

/** The most concurrent look-ups. */
export interface LookUpLimits {
  readonly all: number;
  /** Of all: those of names that are not known to be quick, including slow ones. */
  readonly untried: number;
  /** Of those: those of names that were slow when last looked up. */
  readonly slow: number;
}

interface GateOptions {
  readonly limits: LookUpLimits;
  readonly isAnswered: IsAnswered;
  /** Milliseconds, steady. */
  readonly clock: () => number;
}

type Standing = 'quick' | 'new' | 'slow';

interface Past {
  /** Slow look-ups in a row, up to the latest one. */
  readonly slowTimes: number;
  readonly atMs: number;
}

interface Waiting {
  readonly name: string;
  readonly turnMs: number;
  readonly fulfil: (found: readonly LookupAddress[]) => void;
  readonly fail: (error: unknown) => void;
}

/** A resolver repeats a lost query after several seconds; a regular answer takes less than this. */
const SLOW_MS = 1_000;
/** Each slow look-up moves a name's turn back by this much: names that were slow once go before those that always are. */
const LATER_MS = 10_000;
const LATER_AT_MOST = 6;
const FORGET_MS = 600_000;
const NAMES_AT_MOST = 10_000;

/**
 * libuv gives at most half of its threads to look-ups, including those of the database drivers, and only the resolver
 * ends one: with a silent name server after 10 s and more. These limits always leave some threads free.
 */
export function lookUpLimits(threads: number): LookUpLimits {
  const forLookUps = Math.floor((threads + 1) / 2);
  const share = (part: number, least: number): number =>
    Math.max(least, Math.floor(forLookUps * part));
  return { all: share(3 / 4, 2), untried: share(1 / 2, 1), slow: share(1 / 4, 1) };
}

/**
 * Limits slow look-ups so that they can't block the others. A name is looked up once at a time, for all concurrent
 * callers. Only the time counts, not the result: a name that is quickly known not to exist blocks nobody. Names that wait
 * include healthy new ones and slow ones that have recovered; if their name server answers, they go with the quick ones.
 * The others are looked up eventually, even without callers: only that shows that a name is quick again.
 */
export function createLookUpGate(
  lookUp: LookUp,
  { limits, isAnswered, clock }: GateOptions,
): LookUp {
  const pasts = new LRUCache<string, Past>({ max: NAMES_AT_MOST });
  const shared = new Map<string, Promise<readonly LookupAddress[]>>();
  const active: Record<Standing, number> = { quick: 0, new: 0, slow: 0 };
  const waiting: Record<Standing, Waiting[]> = { quick: [], new: [], slow: [] };
  const probed = new Set<string>();

  const slowTimesOf = (name: string): number | null => {
    const past = pasts.get(name);
    return past === undefined || clock() - past.atMs > FORGET_MS ? null : past.slowTimes;
  };
  const hasRoom = (standing: Standing): boolean => {
    const untried = active.new + active.slow;
    if (active.quick + untried >= limits.all) return false;
    if (standing !== 'quick' && untried >= limits.untried) return false;
    return standing !== 'slow' || active.slow < limits.slow;
  };
  const note = (name: string, tookMs: number, isFound: boolean): void => {
    const before = slowTimesOf(name) ?? 0;
    const slowTimes = tookMs <= SLOW_MS ? 0 : isFound ? 1 : before + 1;
    pasts.set(name, { slowTimes, atMs: clock() });
  };
  const begin = async ({ name, fulfil, fail }: Waiting, standing: Standing): Promise<void> => {
    active[standing] += 1;
    const begunMs = clock();
    let isFound = false;
    try {
      const found = await lookUp(name);
      isFound = true;
      fulfil(found);
    } catch (error) {
      fail(error);
    }
    active[standing] -= 1;
    note(name, clock() - begunMs, isFound);
    beginNext();
  };
  const beginNext = (): void => {
    for (const standing of ['quick', 'new', 'slow'] as const) {
      while (hasRoom(standing)) {
        const next = takeNext(waiting[standing]);
        if (next === undefined) break;
        void begin(next, standing);
      }
    }
  };
  const takeWaiting = (name: string): Waiting | undefined => {
    for (const line of [waiting.new, waiting.slow]) {
      const at = line.findIndex((one) => one.name === name);
      if (at !== -1) return line.splice(at, 1)[0];
    }
    return undefined;
  };
  const isWaiting = (name: string): boolean =>
    [waiting.new, waiting.slow].some((line) => line.some((one) => one.name === name));
  const advance = async (name: string): Promise<void> => {
    if (probed.has(name) || !isWaiting(name)) return;
    probed.add(name);
    const isWell = await isAnswered(name);
    probed.delete(name);
    const found = isWell ? takeWaiting(name) : undefined;
    if (found === undefined) return;
    waiting.quick.push(found);
    beginNext();
  };
  const enter = async (name: string): Promise<readonly LookupAddress[]> =>
    await new Promise((fulfil, fail) => {
      const slowTimes = slowTimesOf(name);
      const standing = slowTimes === null ? 'new' : slowTimes === 0 ? 'quick' : 'slow';
      const turnMs = clock() + LATER_MS * Math.min(slowTimes ?? 0, LATER_AT_MOST);
      waiting[standing].push({ name, turnMs, fulfil, fail });
      beginNext();
      void advance(name);
    });

  return async (name) => {
    const running = shared.get(name);
    if (running !== undefined) {
      void advance(name);
      return await running;
    }
    const mine = enter(name).finally(() => shared.delete(name));
    shared.set(name, mine);
    return await mine;
  };
}

/** The one with the earliest turn; of several, the one that came first. */
function takeNext(line: Waiting[]): Waiting | undefined {
  let first = 0;
  for (const [at, { turnMs }] of line.entries()) {
    if (turnMs < (line[first]?.turnMs ?? Infinity)) first = at;
  }
  return line.splice(first, 1)[0];
}

/** Whether a look-up of the name would be answered, whatever the answer is. Takes no look-up's place. Never rejects. */
export type IsAnswered = (name: string) => Promise<boolean>;

const TIMEOUT_MS = 2_000;
const TRIES = 2;
const HOSTS_FILE = '/etc/hosts';

/**
 * Takes no thread: c-ares waits by polling. Its result is used for nothing else, because c-ares knows neither search
 * domains nor other sources that the system is configured to query.
 *
 * @param servers null for the system's
 */
export function createNameServerProbe(servers: readonly string[] | null = null): IsAnswered {
  let resolver: Resolver | null = null;
  let active = 0;

  const saysAnything = async (name: string): Promise<boolean> => {
    // A new resolver reads the system's name servers again.
    if (resolver === null || active === 0) {
      resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
      if (servers !== null) resolver.setServers(servers);
    }
    active += 1;
    try {
      await resolver.resolve4(name);
      return true;
    } catch (error) {
      return !(Error.isError(error) && 'code' in error && error.code === 'ETIMEOUT');
    } finally {
      active -= 1;
    }
  };
  return async (name) => (await isInHostsFile(name)) || (await saysAnything(name));
}

async function isInHostsFile(name: string): Promise<boolean> {
  try {
    const lines = (await readFile(HOSTS_FILE, 'utf8')).toLowerCase().split('\n');
    return lines.some((line) => line.replace(/#.*/, '').split(/\s+/).slice(1).includes(name));
  } catch {
    return false;
  }
}
