import { LRUCache } from 'lru-cache';
import { onAbort } from '../runtime/abort.ts';

interface Asker {
  readonly account: string;
  readonly isInTrouble: boolean;
}

/** The queries before it take so long that the caller should not wait. */
export class NoSlot extends Error {
  override readonly name = 'NoSlot';
  constructor() {
    super('queries like this one take too long');
  }
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

/** How long a query waits for the one slot of a slow account. */
const PATIENCE_MS = 1_000;
/** Slow accounts remembered; one that is forgotten may use half of the slots again. */
const SLOW_ACCOUNTS = 1_000;
/** The group of all failing keys; no account's name is empty. */
const TROUBLED = '';

/**
 * Limits how many connections slow queries take, so that some are left for others. The queries of an account start with
 * at most half of the slots. Each answer allows one more, up to all; one that took too long leaves one. All failing keys
 * share one slot, in which accounts take turns: each has at most one key waiting.
 */
export function createQuerySlots({
  size,
  delay,
}: {
  readonly size: number;
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}) {
  const groups = new Map<string, Group>();
  const slow = new LRUCache<string, true>({ max: SLOW_ACCOUNTS });
  /** Accounts of which a failing key is being queried or waits. */
  const troubled = new Set<string>();
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
  /** Resolves when it is its turn; the slot is then counted already. */
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

  const run = async <Result>(
    name: string,
    task: () => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> => {
    const group = groupOf(name);
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
  };

  return {
    /**
     * Runs the task when a slot is free and it is its turn: the account with the fewest running queries goes first.
     * Rejects with `NoSlot` if the wait is long because of slow queries like it, or on the signal.
     */
    async enter<Result>(
      { account, isInTrouble }: Asker,
      task: () => Promise<Result>,
      signal: AbortSignal,
    ): Promise<Result> {
      signal.throwIfAborted();
      const name = isInTrouble ? TROUBLED : account;
      if (!isInTrouble) return await run(name, task, signal);
      if (troubled.has(account)) throw new NoSlot();
      troubled.add(account);
      try {
        return await run(name, task, signal);
      } finally {
        troubled.delete(account);
      }
    },
    answered(name: string): void {
      slow.delete(name);
      const group = groups.get(name);
      if (group === undefined) return;
      group.allowance = Math.min(group.allowance + 1, size);
      serve();
    },
    tookTooLong(name: string): void {
      slow.set(name, true);
      const group = groups.get(name);
      if (group === undefined) return;
      group.allowance = 1;
      // They have waited at least as long as the queries before them took.
      for (const waiter of group.waiting) waiter.refuse();
    },
  };
}
