import type { AttemptOutcome } from '../domain/attempt.ts';
import type { IntegerId } from '../domain/ids.ts';
import type { Notification, Subject } from '../domain/notification.ts';
import type { DeliveryRecord, RecordedWebhook } from '../domain/record.ts';

/** Whose notification it is, as far as that is known. */
interface TracedRoute {
  readonly accountId: IntegerId;
  readonly flowId: IntegerId;
  readonly webhook: RecordedWebhook | null;
}

/** `waiting`: it is put into durable state without an attempt. */
interface TracedEnd extends Partial<Pick<DeliveryRecord, 'reason'>> {
  readonly state: DeliveryRecord['state'] | 'waiting';
}

/**
 * What a worker does for one notification, from taking it up to its end or its next wait in the database. Steps come one
 * after another: each ends the one before. Nothing is kept of a status that turns out to need no notification.
 */
export interface Trace {
  begin(step: 'look-up' | 'decision'): void;
  /** The running step has ended; harmless if none runs. */
  done(): void;
  /** There is something to notify. What a row is to keep of it as its `firstTrace`, if anything. */
  accepted(route: TracedRoute): string | undefined;
  /** A call begins. The `traceparent` that it carries, if any. */
  calling(notification: Notification, attempt: number): string | undefined;
  /** The call has ended. */
  called(outcome: AttemptOutcome): void;
  /** What it has come to is about to be written. */
  recording(accountId: IntegerId | null, end: TracedEnd): void;
  /** Nothing more follows. */
  end(): void;
}

/** Chosen once, at the start. Nothing here waits for anything, and nothing throws. */
export interface Tracing {
  /** @param firstTrace what the notification's row says of the trace in which it was accepted */
  begin(
    subject: Pick<Subject, 'notificationId' | 'deliveryStatus'>,
    firstTrace: string | undefined,
  ): Trace;
}

const nothing = (): undefined => undefined;

/** One for all, so that it costs nothing where nothing is traced. */
export const noTrace: Trace = {
  begin: nothing,
  done: nothing,
  accepted: nothing,
  calling: nothing,
  called: nothing,
  recording: nothing,
  end: nothing,
};

export const noTracing: Tracing = { begin: () => noTrace };
