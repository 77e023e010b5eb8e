import type { LookupAddress } from 'node:dns';
import { LRUCache } from 'lru-cache';
import type { IsAnswered } from './nameServerProbe.ts';

export type LookUp = (name: string) => Promise<readonly LookupAddress[]>;

/** How many look-ups are under way at once, at most. */
export interface LookUpLimits {
  readonly all: number;
  /** Of all: those of names that are not known to be quick, the slow ones included. */
  readonly untried: number;
  /** Of those: those of names that were slow when last looked up. */
  readonly slow: number;
}

interface GateOptions {
  readonly limits: LookUpLimits;
  /** Takes no look-up's place. */
  readonly isAnswered: IsAnswered;
  /** Milliseconds, steady. */
  readonly clock: () => number;
}

type Standing = 'quick' | 'new' | 'slow';

interface Past {
  /** Look-ups one after the other, up to the last one. */
  readonly slowTimes: number;
  readonly atMs: number;
}

interface Waiting {
  readonly name: string;
  readonly turnMs: number;
  readonly fulfil: (found: readonly LookupAddress[]) => void;
  readonly fail: (error: unknown) => void;
}

/** A resolver asks anew for what was lost on the way after several seconds; this is more than an honest answer takes. */
const SLOW_MS = 1_000;
/** So much later is a name's turn for each time it was slow: whoever was slow once goes before whoever always is. */
const LATER_MS = 10_000;
const LATER_AT_MOST = 6;
const FORGET_MS = 600_000;
const NAMES_AT_MOST = 10_000;

/**
 * libuv gives at most half of its threads to look-ups, those of the database drivers among them, and nothing ends
 * one before the resolver does: with a silent name server after 10 s and more. So some are always left.
 */
export function lookUpLimits(threads: number): LookUpLimits {
  const forLookUps = Math.floor((threads + 1) / 2);
  const share = (part: number, least: number): number =>
    Math.max(least, Math.floor(forLookUps * part));
  return { all: share(3 / 4, 2), untried: share(1 / 2, 1), slow: share(1 / 4, 1) };
}

/**
 * Lets look-ups through so that those which take long can't keep the others from being made. A name is looked up once
 * at a time, for all who ask meanwhile. It goes by the time taken, not by the result: a name that is quickly
 * known not to exist is in nobody's way. Among those that have to wait are healthy ones that nobody has asked for yet, and
 * slow ones that are well again: whoever's name server answers goes with the quick ones. The others are looked up
 * in the end, also when nobody wants them any more: a name is known to be quick again only by that.
 */
export function createLookUpGate(
  lookUp: LookUp,
  { limits, isAnswered, clock }: GateOptions,
): LookUp {
  const pasts = new LRUCache<string, Past>({ max: NAMES_AT_MOST });
  const shared = new Map<string, Promise<readonly LookupAddress[]>>();
  const underWay: Record<Standing, number> = { quick: 0, new: 0, slow: 0 };
  const waiting: Record<Standing, Waiting[]> = { quick: [], new: [], slow: [] };
  const probed = new Set<string>();

  const slowTimesOf = (name: string): number | null => {
    const past = pasts.get(name);
    return past === undefined || clock() - past.atMs > FORGET_MS ? null : past.slowTimes;
  };
  const hasRoom = (standing: Standing): boolean => {
    const untried = underWay.new + underWay.slow;
    if (underWay.quick + untried >= limits.all) return false;
    if (standing !== 'quick' && untried >= limits.untried) return false;
    return standing !== 'slow' || underWay.slow < limits.slow;
  };
  const note = (name: string, tookMs: number, isFound: boolean): void => {
    const before = slowTimesOf(name) ?? 0;
    const slowTimes = tookMs <= SLOW_MS ? 0 : isFound ? 1 : before + 1;
    pasts.set(name, { slowTimes, atMs: clock() });
  };
  const begin = async ({ name, fulfil, fail }: Waiting, standing: Standing): Promise<void> => {
    underWay[standing] += 1;
    const begunMs = clock();
    let isFound = false;
    try {
      const found = await lookUp(name);
      isFound = true;
      fulfil(found);
    } catch (error) {
      fail(error);
    }
    underWay[standing] -= 1;
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

/** Whoever's turn is first; of several, who came first. */
function takeNext(line: Waiting[]): Waiting | undefined {
  let first = 0;
  for (const [at, { turnMs }] of line.entries()) {
    if (turnMs < (line[first]?.turnMs ?? Infinity)) first = at;
  }
  return line.splice(first, 1)[0];
}
