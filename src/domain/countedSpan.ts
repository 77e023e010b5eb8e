import type { OutcomeClass } from './attempt.ts';
import type { IntegerId } from './ids.ts';

/** Statistics are kept by spans of so long, which begin at multiples of it. */
export const SPAN_MS = 300_000;

/** What has happened within a span so far, as one process has seen it. */
export interface CountedSpan {
  /** Nothing else that any process counts has it. */
  readonly id: string;
  readonly start: Date;
  /**
   * - all: everything
   * - endpoint: what went to one endpoint, or would have gone there
   * - account: what of an account ended before it was known where it leads
   * - others: endpoints and accounts beyond those that are counted one by one
   */
  readonly of: 'all' | 'endpoint' | 'account' | 'others';
  /** Null, like what follows, where `of` means none. */
  readonly accountId: IntegerId | null;
  readonly webhookId: IntegerId | string | null;
  /** Without userinfo, query and fragment. */
  readonly url: string | null;
  /** Notifications that ended. */
  readonly delivered: number;
  readonly failed: number;
  readonly skipped: number;
  /** Attempts; an outcome that has not happened is left out. */
  readonly attempts: Readonly<Partial<Record<OutcomeClass, number>>>;
  /** Attempts for which the endpoint was called, and how long all of them took together. */
  readonly calls: number;
  readonly tookMs: number;
  /** The same calls by `durationBucket`; an empty bucket is left out. */
  readonly durations: Readonly<Record<string, number>>;
}
