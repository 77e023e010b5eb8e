import type { Attempt, AttemptOutcome } from '../../src/domain/attempt.ts';
import type { Change, StreamPosition } from '../../src/domain/change.ts';
import type { RouteKey, RouteLookup } from '../../src/domain/route.ts';
import type { EndpointStore } from '../../src/ports/endpoints.ts';
import type { RouteSource, WebhookSender } from '../../src/ports/notify.ts';
import { StreamFailure, type ChangeSource, type StreamEvent } from '../../src/ports/source.ts';
import { abortReason } from '../../src/runtime/abort.ts';
import { answered, aPosition, aWebhook } from './builders.ts';

/** What a port waits for before it does its work: a scheduler's say, or a fault, for which it rejects. */
export type Turn = (port: string) => Promise<void>;

export const atOnce: Turn = () => Promise.resolve();

export type Deferred<Value> = PromiseWithResolvers<Value>;

/** An answer to be given when the test says so. */
export const deferred = <Value>(): Deferred<Value> => Promise.withResolvers<Value>();

export interface FakeSource extends ChangeSource {
  readonly opened: readonly { readonly position: StreamPosition; readonly replay: boolean }[];
  /** Handles opened and not closed. */
  readonly openHandles: number;
  /** Changes handed out so far; a replayed one counts again. */
  readonly changesRead: number;
  /** True while a read waits for something new to happen. */
  readonly isCaughtUp: boolean;
  /** What happens next. An error is thrown by the read that comes to it, once. */
  append(...happenings: readonly (StreamEvent | Error)[]): void;
}

/**
 * A change stream over positions made by `aPosition`. It ends with a read that waits until something is
 * appended or the handle is closed. `now` is the database's present position.
 */
export function createFakeSource(turn: Turn = atOnce, now = aPosition(0)): FakeSource {
  const log: (StreamEvent | Error)[] = [];
  const opened: { position: StreamPosition; replay: boolean }[] = [];
  const handles = new Set<object>();
  let changesRead = 0;
  let waiters: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiters;
    waiters = [];
    for (const resolve of woken) resolve();
  };
  const isAfter = (entry: StreamEvent | Error, place: number): boolean =>
    entry instanceof Error || placeOf(positionOf(entry)) >= place;

  return {
    opened,
    get openHandles() {
      return handles.size;
    },
    get changesRead() {
      return changesRead;
    },
    get isCaughtUp() {
      return waiters.length > 0;
    },
    append(...happenings) {
      log.push(...happenings);
      wake();
    },
    async currentPosition() {
      await turn('currentPosition');
      return now;
    },
    async positionAt(time) {
      await turn('positionAt');
      return { ...aPosition(0), wallTime: time };
    },
    hasReached: (position, target) => placeOf(position) >= placeOf(target),
    async open(position, { replay }) {
      await turn('open');
      opened.push({ position, replay });
      const handle = {};
      handles.add(handle);
      let place = placeOf(position) + (replay ? 0 : 1);
      return {
        async read() {
          await turn('read');
          let next = log.find((entry) => isAfter(entry, place));
          while (next === undefined && handles.has(handle)) {
            await new Promise<void>((resolve) => waiters.push(resolve));
            next = log.find((entry) => isAfter(entry, place));
          }
          if (!handles.has(handle) || next === undefined) {
            throw new StreamFailure('transient', 'closed', 'the handle was closed');
          }
          if (next instanceof Error) {
            log.splice(log.indexOf(next), 1);
            throw next;
          }
          place = placeOf(positionOf(next)) + 1;
          if (next.kind === 'change') changesRead += 1;
          return next;
        },
        close() {
          handles.delete(handle);
          wake();
          return Promise.resolve();
        },
      };
    },
  };
}

function positionOf(read: StreamEvent): StreamPosition {
  return read.kind === 'change' ? read.change.position : read.position;
}

function placeOf(position: StreamPosition): number {
  if (typeof position.opaque !== 'number') throw new Error('not a position of this fake');
  return position.opaque;
}

/** The read that brings a change. */
export function reading(change: Change): StreamEvent {
  return { kind: 'change', change };
}

export interface FakeRoutes extends RouteSource {
  readonly asked: readonly RouteKey[];
}

/** Every account wants it, unless `answer` says otherwise; a promise of it is an outage until it acknowledges. */
export function createFakeRoutes(
  answer: (key: RouteKey) => RouteLookup | Promise<RouteLookup> = () => ({
    kind: 'open',
    webhook: aWebhook(),
  }),
  turn: Turn = atOnce,
): FakeRoutes {
  const asked: RouteKey[] = [];
  return {
    asked,
    async find(key, signal) {
      asked.push(key);
      return await orAborted(signal, async () => {
        await turn('find');
        return await answer(key);
      });
    },
  };
}

export interface FakeSender extends WebhookSender {
  /** Every call made, oldest first. */
  readonly sent: readonly Attempt[];
}

/** A receiver that says 200, unless `answer` says otherwise; a promise of it is a slow receiver. */
export function createFakeSender(
  answer: (attempt: Attempt) => AttemptOutcome | Promise<AttemptOutcome> = () => answered(200),
  turn: Turn = atOnce,
): FakeSender {
  const sent: Attempt[] = [];
  return {
    sent,
    async send(attempt, signal) {
      sent.push(attempt);
      return await orAborted(signal, async () => {
        await turn('send');
        return await answer(attempt);
      });
    },
  };
}

export interface FakeEndpoints extends EndpointStore {
  /** Why each was disabled, by endpoint key. */
  readonly disabled: Map<string, string>;
}

export function createFakeEndpoints(turn: Turn = atOnce): FakeEndpoints {
  const disabled = new Map<string, string>();
  const avoided = new Set<string>();
  return {
    disabled,
    isDisabled: (endpointKey) => disabled.has(endpointKey) || avoided.has(endpointKey),
    avoid: (endpointKey) => void avoided.add(endpointKey),
    async disable({ webhook: { endpointKey } }, reason) {
      await turn('disable');
      disabled.set(endpointKey, reason);
    },
  };
}

async function orAborted<Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const aborted = deferred<never>();
  const stop = (): void => aborted.reject(abortReason(signal));
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work(), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
