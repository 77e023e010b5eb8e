import type { FailedReason, RecordedWebhook } from '../domain/record.ts';
import type { IntegerId } from '../domain/ids.ts';

/** A webhook as it may be stored and shown, and the queue it is called in. */
export type EndpointName = RecordedWebhook & { readonly endpointKey: string };

/** Whose attempt it is, and where it goes. */
export interface Called {
  readonly accountId: IntegerId;
  readonly webhook: EndpointName;
}

/** An endpoint that this worker does not call because most calls to it failed. */
export interface BreakerView extends Called {
  readonly since: Date;
  /** Attempts without a delivery: those in the minute in which it opened, and since. */
  readonly failures: number;
  readonly lastStatusCode: number | null;
  readonly lastError: string | null;
  /** From then on the notification that has been due longest is called there. */
  readonly nextProbeAt: Date;
}

/**
 * Where operators and other workers see which endpoints this worker does not call. Nothing waits for it, nothing
 * depends on it, and it never throws: the latest state of each endpoint is written soon, and a failed write is made up
 * for by the next.
 */
export interface BreakerViews {
  show(breaker: BreakerView): void;
  remove(endpointKey: string): void;
}

/** Endpoints that must not be called any more, because their receivers said so. */
export interface EndpointStore {
  isDisabled(endpointKey: string): boolean;
  /** Stops calls to it from this process; `disable` stops them from all. */
  avoid(endpointKey: string): void;
  /**
   * Durable with majority when it resolves, or refused for good, logged and counted: then only this process does
   * not call it.
   */
  disable(called: Called, reason: FailedReason): Promise<void>;
}
