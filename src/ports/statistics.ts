import type { AttemptOutcome } from '../domain/attempt.ts';
import type { CountedSpan } from '../domain/countedSpan.ts';
import type { IntegerId } from '../domain/ids.ts';
import type { RecordedWebhook } from '../domain/record.ts';
import type { Called } from './endpoints.ts';

/** Whose notification has ended, and where it would have gone, as far as that is known. */
export interface EndedAt {
  /** Null where the document names none that can be used. */
  readonly accountId: IntegerId | null;
  readonly webhook?: RecordedWebhook | null;
}

/**
 * What happens at each endpoint and in all, for people. Told of every attempt, so it must cost next to nothing. It
 * never throws, and nothing waits for it.
 */
export interface Statistics {
  attempted(called: Called, outcome: AttemptOutcome): void;
  notificationEnded(at: EndedAt, state: 'delivered' | 'failed' | 'skipped'): void;
}

/** Where statistics are kept. */
export interface StatisticsStore {
  /**
   * Writes how far these have come. Safe to do late and twice: what was higher stays. Rejects when the database refuses
   * any of them, or does not answer in time.
   */
  write(spans: readonly CountedSpan[]): Promise<void>;
}
