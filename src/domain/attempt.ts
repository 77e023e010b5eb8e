import type { Webhook } from './route.ts';

/** Why an attempt got no answer, or not all of it. The contract's vocabulary, also a metric label. */
export const attemptErrors = [
  'dns_error',
  'connection_refused',
  'connection_reset',
  'tls_error',
  'timeout_connect',
  'timeout',
  'response_aborted',
  'response_invalid',
  'blocked_address',
  'proxy_error',
  'network_error',
] as const;
export type AttemptError = (typeof attemptErrors)[number];

/** One call to be made. */
export interface Attempt {
  readonly webhook: Webhook;
  /** The exact bytes that are signed, sent and, on a retry, sent again. */
  readonly body: Uint8Array;
  readonly notificationId: string;
  /** Counts from 1. */
  readonly number: number;
  /** The header of that name, where the call is traced. */
  readonly traceparent?: string | undefined;
}

/** What is kept of a response's body. */
export interface ResponseContent {
  readonly text: string;
  readonly encoding: 'utf8' | 'base64';
  readonly truncated: boolean;
}

interface Timing {
  readonly startedAt: Date;
  readonly durationMs: number;
}

/** What one call came to. What the receiver did is a value here, never an exception. */
export type AttemptOutcome =
  | (Timing &
      Readonly<{
        kind: 'answered';
        statusCode: number;
        /** Null when the body was empty. */
        response: ResponseContent | null;
        /** A fault after the status line, such as a body cut short. */
        error: AttemptError | null;
        /** The header as it came. */
        retryAfter: string | null;
        /** What the `webhook-delivery` header asks for. */
        deliveryControl: 'disable' | 'abort-message' | null;
        /** Where a 3xx leads, as it may be shown. */
        location?: string;
      }>)
  | (Timing & Readonly<{ kind: 'unanswered'; error: AttemptError }>);

export function isDelivered(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' && outcome.statusCode >= 200 && outcome.statusCode <= 299;
}

/** What an attempt came to that was no delivery, as people see it. */
export interface Failure {
  /** Null without an answer. */
  readonly statusCode: number | null;
  readonly error: AttemptError | null;
}

/** Null for a delivery. */
export function failureOf(outcome: AttemptOutcome): Failure | null {
  if (isDelivered(outcome)) return null;
  const { error } = outcome;
  return { statusCode: outcome.kind === 'answered' ? outcome.statusCode : null, error };
}

/** False for an address that is refused on this side: that says nothing of the endpoint. */
export function wasCalled(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' || outcome.error !== 'blocked_address';
}

/** How outcomes are counted: by the class of the answer's status, or the error. */
export const outcomeClasses = ['2xx', '3xx', '4xx', '5xx', ...attemptErrors] as const;
export type OutcomeClass = (typeof outcomeClasses)[number];

/** A status that HTTP does not define counts as 5xx, as RFC 9110, section 15, asks for. */
export function outcomeClassOf(outcome: AttemptOutcome): OutcomeClass {
  if (outcome.kind === 'unanswered') return outcome.error;
  const { statusCode, error } = outcome;
  if (statusCode < 200 || statusCode >= 600) return error ?? '5xx';
  return statusClasses[Math.floor(statusCode / 100) - 2] ?? '5xx';
}

const statusClasses = ['2xx', '3xx', '4xx', '5xx'] as const;

/** Where the answer of an attempt redirected to; nothing of it for any other outcome. */
export function redirectOf(outcome: AttemptOutcome | null): { readonly location?: string } {
  const location = outcome?.kind === 'answered' ? outcome.location : undefined;
  return location === undefined ? nowhere : { location };
}

const nowhere = {} as const;

/** One attempt before the last. */
export interface PastAttempt {
  readonly at: Date;
  readonly statusCode: number | null;
  readonly error: AttemptError | null;
  readonly durationMs: number;
}

/** What a notification's attempts have come to so far. Survives the process in the database. */
export interface AttemptLog {
  /** Attempts begun. One cut off by a crash counts, though nothing is known of it. */
  readonly begun: number;
  readonly firstAttemptAt: Date | null;
  /** When the attempt began whose outcome is not known: it runs, or a crash has cut it off. */
  readonly runningSince: Date | null;
  /** The outcome of the last finished attempt. */
  readonly last: AttemptOutcome | null;
  /** The ten before that, oldest first. */
  readonly history: readonly PastAttempt[];
}

const HISTORY_KEPT = 10;

export const noAttempts: AttemptLog = {
  begun: 0,
  firstAttemptAt: null,
  runningSince: null,
  last: null,
  history: [],
};

/** One that was still running has been cut off by then. */
export function withAttemptBegun(log: AttemptLog, at: Date): AttemptLog {
  const { runningSince, firstAttemptAt } = log;
  const known =
    runningSince === null
      ? log
      : { ...log, last: null, history: kept([...pastOf(log), cutOff(runningSince)]) };
  return {
    begun: log.begun + 1,
    firstAttemptAt: firstAttemptAt ?? at,
    runningSince: at,
    last: known.last,
    history: known.history,
  };
}

export function withOutcome(log: AttemptLog, outcome: AttemptOutcome): AttemptLog {
  const { begun, firstAttemptAt } = log;
  return { begun, firstAttemptAt, runningSince: null, last: outcome, history: pastOf(log) };
}

/** The attempts before the last one, whether that has ended or was cut off; oldest first. */
export function attemptsBeforeLast(log: AttemptLog): readonly PastAttempt[] {
  return log.runningSince === null ? log.history : pastOf(log);
}

function pastOf({ last, history }: AttemptLog): readonly PastAttempt[] {
  return last === null ? history : kept([...history, pastAttempt(last)]);
}

function kept(history: readonly PastAttempt[]): readonly PastAttempt[] {
  return history.slice(-HISTORY_KEPT);
}

function cutOff(at: Date): PastAttempt {
  return { at, statusCode: null, error: null, durationMs: 0 };
}

function pastAttempt(outcome: AttemptOutcome): PastAttempt {
  return {
    at: outcome.startedAt,
    statusCode: outcome.kind === 'answered' ? outcome.statusCode : null,
    error: outcome.error,
    durationMs: outcome.durationMs,
  };
}
