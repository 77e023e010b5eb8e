import { LRUCache } from 'lru-cache';
import type { WebhookSender } from '../../ports/notify.ts';
import type { Metrics } from '../../ports/telemetry.ts';
import type { Logger } from '../../runtime/logger.ts';
import { Stopping, withPatience } from '../../runtime/abort.ts';
import { createCondition } from '../../runtime/condition.ts';
import { toError } from '../../runtime/errors.ts';
import { roomForAll } from '../../runtime/readingRoom.ts';
import { type Backoff, createBackoff } from '../../runtime/retry.ts';
import { createHostResolver } from '../egress.ts';
import type { WebhookSenderOptions } from '../webhookSender.ts';
import { type CallThread, startCallThread, type ThreadEnd } from './callThread.ts';

export interface ThreadedSenderOptions extends WebhookSenderOptions {
  readonly threads: number;
  /** The maximum age of a caller's decision to call when a thread begins the call. */
  readonly handOverMs: number;
  readonly logger: Pick<Logger, 'warn'>;
  readonly metrics: Pick<Metrics, 'httpThreadEnded'>;
  /** The file that the threads run, instead of the usual one. */
  readonly entry?: string;
}

/** A thread, or its place while there is none. */
interface Place {
  thread: CallThread | null;
  startedMs: number;
  readonly backoff: Backoff;
}

type Alive = Place & { readonly thread: CallThread };

function isAlive(place: Place): place is Alive {
  return place.thread !== null;
}

const ENDPOINTS_AT_MOST = 10_000;
const TICK_MS = 1_000;
/** A thread ends every call in time. If it is this late, it has hung. */
const OVERDUE_MS = 5_000;
/** A thread that has lived for this long is replaced at once. */
const STEADY_MS = 60_000;

/**
 * Makes the calls in threads. All calls of an endpoint go to the same thread, which has its connections. Otherwise this
 * works like `createWebhookSender`, except that if a thread ends, its calls are unanswered and it is replaced. While
 * there is no thread at all, calls wait for one for as long as a call may take. Threads start with the first call, so a
 * standby has none.
 */
export function createThreadedSender(
  options: ThreadedSenderOptions,
): WebhookSender & { close(): Promise<void> } {
  const { threads, logger, metrics, clock, maxInFlight } = options;
  const { requestTimeoutMs, connectTimeoutMs, connectionMaxAgeMs, responseLimitBytes } = options;
  const resolveHost = createHostResolver(options.egress, options);
  const started = {
    options: {
      ...{ requestTimeoutMs, connectTimeoutMs, connectionMaxAgeMs, responseLimitBytes },
      // For each thread, because one may have all the calls.
      maxInFlight,
      userAgent: options.userAgent,
      handOverMs: options.handOverMs,
      allowedRanges: options.egress.allowedRanges,
      proxy: options.egress.proxy?.href ?? null,
    },
    resolveHost,
    ...(options.entry !== undefined && { entry: options.entry }),
  };
  const overdueTicks = Math.ceil((requestTimeoutMs + OVERDUE_MS) / TICK_MS);
  const placeOf = new LRUCache<string, Place>({ max: ENDPOINTS_AT_MOST });
  const places: Place[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const revived = createCondition();
  let turn = 0;
  let isClosed = false;

  const start = (place: Place): void => {
    place.startedMs = performance.now();
    try {
      place.thread = startCallThread({
        ...started,
        onEnd: (end) => replace(place, end),
      });
      revived.check();
    } catch (thrown) {
      // The system has no thread to give.
      replace(place, { cause: 'error', calls: 0, error: toError(thrown) });
    }
  };
  const replace = (place: Place, { cause, calls, error }: ThreadEnd): void => {
    place.thread = null;
    const isSteady = performance.now() - place.startedMs >= STEADY_MS;
    if (isSteady) place.backoff.reset();
    const waitMs = isSteady ? 0 : Math.round(place.backoff.next());
    metrics.httpThreadEnded(cause);
    logger.warn('http_thread_ended', { cause, calls, waitMs, ...(error && { error }) });
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!isClosed) start(place);
    }, waitMs);
    timers.add(timer);
  };
  const startAll = (): void => {
    timers.add(
      setInterval(() => {
        for (const { thread } of places) thread?.tick(overdueTicks);
      }, TICK_MS),
    );
    for (let count = 0; count < threads; count += 1) {
      const backoff = createBackoff({ minMs: 500, maxMs: 30_000 });
      const place: Place = { thread: null, startedMs: 0, backoff };
      places.push(place);
      start(place);
    }
  };
  /** Starting with this one, and wrapping around. */
  const alive = (from: number): readonly Alive[] =>
    [...places.slice(from), ...places.slice(0, from)].filter(isAlive);
  /** Threads with equally few calls take turns. */
  const leastLoaded = (): Alive | undefined => {
    turn = (turn + 1) % threads;
    return alive(turn).toSorted((one, other) => one.thread.load - other.thread.load)[0];
  };
  const threadFor = (endpointKey: string): CallThread | null => {
    const known = placeOf.get(endpointKey);
    if (known !== undefined) {
      // While its place has no thread, the endpoint uses another thread, always the same one.
      return known.thread ?? alive(places.indexOf(known))[0]?.thread ?? null;
    }
    const chosen = leastLoaded();
    if (chosen === undefined) return null;
    placeOf.set(endpointKey, chosen);
    return chosen.thread;
  };

  const untilAlive = async (signal: AbortSignal): Promise<void> => {
    const isOver = (): boolean => isClosed || places.some(isAlive);
    await withPatience(requestTimeoutMs, signal, async (patience) => {
      await revived.until(isOver, patience).catch(() => undefined);
    });
    signal.throwIfAborted();
  };

  return {
    async send(attempt, signal, share = roomForAll, mayBegin = () => true) {
      signal.throwIfAborted();
      if (places.length === 0 && !isClosed) startAll();
      const startedAt = clock.now();
      if (!isClosed && !places.some(isAlive)) {
        await untilAlive(signal);
        if (!mayBegin()) throw new Stopping();
      }
      const thread = isClosed ? null : threadFor(attempt.webhook.endpointKey);
      if (thread !== null) {
        return await thread.make(attempt, { startedAt, signal, share, mayBegin });
      }
      return { startedAt, durationMs: 0, kind: 'unanswered', error: 'network_error' };
    },
    async close() {
      isClosed = true;
      revived.check();
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(places.map(async ({ thread }) => await thread?.close()));
    },
  };
}
