import { Buffer } from 'node:buffer';
import type { LookupAddress } from 'node:dns';
import type { AttemptError, AttemptOutcome, ResponseContent } from '../../domain/attempt.ts';
import type { Call } from '../call.ts';
import type { CallOptions } from '../calls.ts';

/**
 * The messages between the main thread and a thread that makes calls. They are tuples without nested objects, because
 * property names and objects cause most of the cost of copying a message.
 */
export type ToThread =
  | readonly [
      'call',
      id: number,
      startedAtMs: number,
      notificationId: string,
      number: number,
      url: string,
      headers: Call['webhook']['headers'] | null,
      signingKeys: Call['webhook']['signingKeys'] | null,
      endpointKey: string,
      /** Its part of the bytes sent with these messages, which contain all bodies in order. */
      bodyBytes: number,
      /** See `Share`. */
      freeBytes: number,
      traceparent: string | undefined,
    ]
  | readonly ['abort', id: number]
  /** The reply to a reader that has asked for room. */
  | readonly ['granted' | 'cut', id: number]
  | readonly ['found', lookUpId: number, addresses: readonly LookupAddress[]]
  | readonly ['notFound', lookUpId: number, message: string, code: unknown, syscall: unknown];

export type FromThread =
  | readonly [
      'answered',
      id: number,
      durationMs: number,
      statusCode: number,
      error: AttemptError | null,
      retryAfter: string | null,
      deliveryControl: 'disable' | 'abort-message' | null,
      location: string | undefined,
      text: string | null,
      encoding: ResponseContent['encoding'] | undefined,
      truncated: boolean | undefined,
      /** How much of the requested room is kept; null if none was requested. */
      keptBytes: number | null,
    ]
  | readonly ['unanswered', id: number, durationMs: number, error: AttemptError]
  /** The call was not made: it came too late. */
  | readonly ['late', id: number]
  | readonly ['ask', id: number, bytes: number]
  | readonly ['lookUp', lookUpId: number, host: string];

/** Everything for a thread from one turn of the main thread's event loop. */
export interface BatchToThread {
  readonly messages: readonly ToThread[];
  readonly bodies: Uint8Array<ArrayBuffer>;
  /** By the clock of `steadyMs`. */
  readonly sinceMs: number;
}

/** The options that a thread is started with. */
export interface ThreadOptions extends Omit<CallOptions, 'egress'> {
  readonly handOverMs: number;
  readonly allowedRanges: readonly string[];
  readonly proxy: string | null;
}

/** Milliseconds on a clock that all threads of a process share, unlike the clock of `performance`. */
export function steadyMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}

export function toCallMessage(id: number, call: Call, freeBytes: number): ToThread {
  const { notificationId, number, body, startedAt, traceparent } = call;
  const { url, headers, signingKeys, endpointKey } = call.webhook;
  return [
    'call',
    id,
    startedAt.getTime(),
    notificationId,
    number,
    url.href,
    isEmpty(headers) ? null : headers,
    signingKeys.length === 0 ? null : signingKeys,
    endpointKey,
    body.byteLength,
    freeBytes,
    traceparent,
  ];
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}

type CallMessage = ToThread & readonly ['call', ...unknown[]];

export function toCall(message: CallMessage, body: Uint8Array): Call {
  const [, , startedAtMs, notificationId, number, url, headers, signingKeys, endpointKey] = message;
  const traceparent = message[11];
  return {
    notificationId,
    number,
    body,
    startedAt: new Date(startedAtMs),
    traceparent,
    webhook: {
      url: new URL(url),
      headers: headers ?? {},
      signingKeys: signingKeys ?? [],
      endpointKey,
    },
  };
}

/**
 * One buffer of its own, so that it is transferred and not copied. A slice of a larger buffer would be copied with all
 * of it.
 */
export function joinBodies(bodies: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = bodies.reduce((sum, body) => sum + body.byteLength, 0);
  const joined = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const body of bodies) {
    joined.set(body, at);
    at += body.byteLength;
  }
  return joined;
}

export function toOutcomeMessage(
  id: number,
  outcome: AttemptOutcome,
  keptBytes: number | null,
): FromThread {
  const { durationMs } = outcome;
  if (outcome.kind === 'unanswered') return ['unanswered', id, durationMs, outcome.error];
  const { statusCode, error, retryAfter, deliveryControl, location, response } = outcome;
  return [
    'answered',
    id,
    durationMs,
    statusCode,
    error,
    retryAfter,
    deliveryControl,
    location,
    response?.text ?? null,
    response?.encoding,
    response?.truncated,
    keptBytes,
  ];
}

type OutcomeMessage = FromThread & readonly ['answered' | 'unanswered', ...unknown[]];

export function toOutcome(message: OutcomeMessage, startedAt: Date): AttemptOutcome {
  if (message[0] === 'unanswered') {
    const [kind, , durationMs, error] = message;
    return { startedAt, durationMs, kind, error };
  }
  const [kind, , durationMs, statusCode, error, retryAfter, deliveryControl, location] = message;
  const [, , , , , , , , text, encoding = 'utf8', truncated = false] = message;
  return {
    startedAt,
    durationMs,
    kind,
    statusCode,
    response: text === null ? null : { text, encoding, truncated },
    error,
    retryAfter,
    deliveryControl,
    ...(location !== undefined && { location }),
  };
}
