import { LRUCache } from 'lru-cache';
import { onAbort } from '../runtime/abort.ts';

/**
 * Shares out the connections, so that slow questions leave some to everybody else. The questions of an account begin
 * with half of the slots at most; each answer allows them one more, up to all, and one that took too long leaves
 * them one. All keys in trouble share one slot.
 */
export interface QuerySlots {
  /**
   * Runs it when a slot is free and it is its turn: whose account has fewest goes first. Rejects with `NoSlot` when
   * that is a long wait because of slow questions like it, or by the signal.
   */
  enter<Result>(asker: Asker, task: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
  answered(account: string): void;
  tookTooLong(account: string): void;
}

interface Asker {
  readonly account: string;
  readonly isInTrouble: boolean;
}

/** The questions before it take so long that it should not be waited for. */
export class NoSlot extends Error {
  override readonly name = 'NoSlot';
  constructor() {
    super('questions like this one take too long');
  }
}

export interface QuerySlotsOptions {
  readonly size: number;
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}

interface Waiter {
  readonly order: number;
  begin(): void;
  refuse(): void;
}

interface Group {
  allowance: number;
  running: number;
  readonly waiting: Set<Waiter>;
}

/** How long a question waits for the one slot of a slow account. */
const PATIENCE_MS = 1_000;
/** Slow accounts remembered; one that is forgotten takes half of the slots once more. */
const SLOW_ACCOUNTS = 1_000;
/** The group of all keys in trouble; no account's name is empty. */
const TROUBLED = '';

export function createQuerySlots({ size, delay }: QuerySlotsOptions): QuerySlots {
  const groups = new Map<string, Group>();
  const slow = new LRUCache<string, true>({ max: SLOW_ACCOUNTS });
  const first = Math.max(1, Math.floor(size / 2));
  let running = 0;
  let order = 0;

  const groupOf = (name: string): Group => {
    const known = groups.get(name);
    if (known !== undefined) return known;
    const allowance = name === TROUBLED || slow.has(name) ? 1 : first;
    const group = { allowance, running: 0, waiting: new Set<Waiter>() };
    groups.set(name, group);
    return group;
  };
  const next = (): Waiter | undefined => {
    let best: { running: number; waiter: Waiter } | null = null;
    for (const group of groups.values()) {
      const [waiter] = group.waiting;
      if (waiter === undefined || group.running >= group.allowance) continue;
      const isBetter =
        best === null ||
        group.running < best.running ||
        (group.running === best.running && waiter.order < best.waiter.order);
      if (isBetter) best = { running: group.running, waiter };
    }
    return best?.waiter;
  };
  const serve = (): void => {
    while (running < size) {
      const waiter = next();
      if (waiter === undefined) return;
      waiter.begin();
    }
  };
  /** Resolves when it is its turn, which is counted by then. */
  const wait = async (group: Group, isSlow: boolean, signal: AbortSignal): Promise<void> => {
    let patience: AbortController | null = null;
    try {
      await new Promise<void>((resolve, reject) => {
        const leave = (reason: Error): void => {
          if (!group.waiting.delete(waiter)) return;
          forget();
          reject(reason);
        };
        const waiter: Waiter = {
          order: order++,
          begin() {
            group.waiting.delete(waiter);
            forget();
            group.running += 1;
            running += 1;
            resolve();
          },
          refuse: () => leave(new NoSlot()),
        };
        const forget = onAbort(signal, leave);
        group.waiting.add(waiter);
        serve();
        if (!isSlow || !group.waiting.has(waiter)) return;
        patience = new AbortController();
        delay(PATIENCE_MS, patience.signal).then(waiter.refuse, () => undefined);
      });
    } finally {
      (patience as AbortController | null)?.abort();
    }
  };
  const forgetIfIdle = (name: string, { running: busy, waiting }: Group): void => {
    if (busy === 0 && waiting.size === 0) groups.delete(name);
  };

  return {
    async enter({ account, isInTrouble }, task, signal) {
      signal.throwIfAborted();
      const name = isInTrouble ? TROUBLED : account;
      const group = groupOf(name);
      if (isInTrouble && group.running + group.waiting.size > 0) throw new NoSlot();
      try {
        await wait(group, slow.has(name), signal);
      } catch (error) {
        forgetIfIdle(name, group);
        throw error;
      }
      try {
        return await task();
      } finally {
        group.running -= 1;
        running -= 1;
        forgetIfIdle(name, group);
        serve();
      }
    },
    answered(name) {
      slow.delete(name);
      const group = groups.get(name);
      if (group === undefined) return;
      group.allowance = Math.min(group.allowance + 1, size);
      serve();
    },
    tookTooLong(name) {
      slow.set(name, true);
      const group = groups.get(name);
      if (group === undefined) return;
      group.allowance = 1;
      // They have waited for at least as long as those before them took.
      for (const waiter of group.waiting) waiter.refuse();
    },
  };
}
