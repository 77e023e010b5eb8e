import { expect } from '@jest/globals';
import type { RecordedEnding } from '../../src/ports/notify.ts';
import type { Retry, RetryStore } from '../../src/ports/retries.ts';

/** A retry as durable state keeps it. */
interface StoredRetry {
  readonly retry: Retry;
  readonly endpointKey: string;
  /** The token of whoever has claimed it. */
  readonly claim: string | null;
  readonly dueAt: Date;
}

/** Durable state of retries, and what a test may do to it and see of it. */
export interface RetriesUnderTest {
  readonly store: RetryStore;
  /** What another worker has, over the same rows. */
  another(): RetryStore;
  row(notificationId: string): Promise<StoredRetry | null>;
  /** All that is stored, to be compared. */
  stored(): Promise<readonly unknown[]>;
  /** From the store's now to when the row is due, or its claim runs out. */
  dueInMs(notificationId: string): Promise<number>;
  /** Has the row be due for so long, or its claim have run out so long ago. */
  makeDue(notificationId: string, forMs?: number): Promise<void>;
  /** Has the ledger remember that this notification ended. */
  remember(ending: RecordedEnding): Promise<void>;
}

/** How long a claim holds. */
export function claimMsOf(store: RetryStore): number {
  return 3 * store.renewEveryMs;
}

export async function expectDueIn(
  retries: RetriesUnderTest,
  notificationId: string,
  ms: number,
): Promise<void> {
  const dueInMs = await retries.dueInMs(notificationId);
  expect(dueInMs).toBeLessThanOrEqual(ms);
  expect(dueInMs).toBeGreaterThan(ms - 10_000);
}
