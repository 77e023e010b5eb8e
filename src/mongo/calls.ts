import { withoutCommands } from './withoutCommands.ts';

/**
 * How long one call may take, in ms. Two figures: at first, and at most when it is made again because it took too
 * long, so that a server that is merely slow is waited for in the end.
 */
export const limits = {
  /** Asks for nothing but an answer. */
  ping: [2_000, 2_000],
  /** Includes finding a server, which the URI may give half a minute. */
  connection: [40_000, 40_000],
  /** What is shown is not worth more. */
  gauge: [4_000, 4_000],
  /** Statuses wait for it. */
  lookUp: [10_000, 60_000],
  /** Slots wait for it. */
  claim: [5_000, 60_000],
  /** Outcomes, retries, checkpoints. Each waits for a majority of the members. */
  write: [10_000, 60_000],
  /** Whatever is asked once, at the start or by an operator. */
  question: [20_000, 60_000],
  /** Goes through some thousand documents that may have to come from a slow disk. */
  page: [60_000, 240_000],
  /** One read of the change stream in a span of the oplog, or in all of it behind a mongos. */
  scan: [60_000, 3_600_000],
  /** Goes through all documents. */
  count: [70_000, 70_000],
  /** Building an index reads a whole collection. Given up, it goes on in the server. */
  index: [240_000, 240_000],
  /** The end of something: nobody may be kept waiting. */
  ending: [2_000, 2_000],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

/** How long calls of one kind may take now. */
export interface Patience {
  limitMs(): number;
  /** A call has not ended within that time. */
  exceeded(limitMs: number): void;
  /** A call has ended after that time. */
  kept(tookMs: number): void;
}

/** Each call that takes too long doubles it, one that takes no longer than the first figure ends that. */
export function createPatience([firstMs, mostMs]: readonly [number, number]): Patience {
  let nowMs = firstMs;
  return {
    limitMs: () => nowMs,
    exceeded(limitMs) {
      nowMs = Math.min(mostMs, Math.max(nowMs, 2 * limitMs));
    },
    kept(tookMs) {
      if (tookMs <= firstMs) nowMs = firstMs;
    },
  };
}

/** What limits a call: figures of `limits`, or the patience of those who make it again. */
export type Limit = readonly [number, number] | Patience;

/** MongoDB has not answered in time. It may be so again or not: the next call goes over another connection. */
export class NoAnswerInTime extends Error {
  override readonly name = 'NoAnswerInTime';
  constructor(limitMs: number) {
    super(`MongoDB has not answered within ${limitMs / 1_000} s`);
  }
}

/**
 * Makes one call to the database, the only way in which one may be made: it rejects when there is no answer in time,
 * with errors that may be logged. What was given up may still be done, so it must be safe to do late and twice.
 * The driver has no such limit: its `timeoutMS` does nothing (7.9.0), and without a socket timeout it waits on a dead
 * connection for as long as TCP does. The connection of a call that was given up stays out of the pool.
 */
export async function withDeadline<Result>(
  limit: Limit,
  call: () => Promise<Result>,
): Promise<Result> {
  const patience = 'limitMs' in limit ? limit : null;
  const limitMs = 'limitMs' in limit ? limit.limitMs() : limit[0];
  return await withoutCommands(async () => {
    const begunAt = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        patience?.exceeded(limitMs);
        reject(new NoAnswerInTime(limitMs));
      }, limitMs);
    });
    try {
      const result = await Promise.race([call(), late]);
      patience?.kept(performance.now() - begunAt);
      return result;
    } finally {
      clearTimeout(timer);
    }
  });
}
