import type { StreamPosition } from '../domain/change.ts';
import { abortReason, delay, onAbort } from '../runtime/abort.ts';
import { createBackoff, retryTransient } from '../runtime/retry.ts';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import {
  StreamFailure,
  type ChangeSource,
  type ChangeStreamHandle,
  type StreamEvent,
  type StreamFailureKind,
  type StreamRead,
} from '../ports/source.ts';
import type { LoopHealth, Metrics } from '../ports/telemetry.ts';

export interface StreamReaderDeps {
  readonly source: ChangeSource;
  readonly start: StreamPosition;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: LoopHealth;
  readonly stopping: AbortSignal;
  /** How long a read may take at first. */
  readonly silenceMs?: number;
}

/**
 * How long to wait before reopening, doubling from the first figure to the second: a database that is back is
 * read within 15 s, a right that is given back noticed within 30.
 */
const reopenWaits = {
  transient: { minMs: 500, maxMs: 10_000 },
  tokenUnusable: { minMs: 500, maxMs: 10_000 },
  historyLost: { minMs: 100, maxMs: 30_000 },
  unreadable: { minMs: 100, maxMs: 10_000 },
  oversized: { minMs: 100, maxMs: 30_000 },
  denied: { minMs: 5_000, maxMs: 30_000 },
  collectionGone: { minMs: 500, maxMs: 10_000 },
} as const satisfies Partial<Record<StreamFailureKind | 'collectionGone', object>>;

/** Why a stream has ended. */
type StreamEnd = Readonly<{ kind: keyof typeof reopenWaits; cause: string; error: Error }>;

/**
 * A read that does not return for so long hangs on a connection that is dead without notice, or goes through much of
 * the oplog: opened again without a read, the oplog is read span by span, so nothing is lost by giving up early.
 */
const SILENCE_MS = 15_000;
/**
 * The server may still scan, and begins again at the same place: so each such read doubles the time the next may take.
 */
const LONGEST_SILENCE_MS = 60 * 60_000;

/**
 * Reads the change stream, and reopens it whenever it ends. It continues after the last position read, not after the
 * checkpoint: what lies between is being processed, so nothing is read twice while this process lives. This is the only
 * place that knows where reading stands.
 */
export function createStreamReader(deps: StreamReaderDeps) {
  const { source, start, logger, metrics, health, stopping, silenceMs = SILENCE_MS } = deps;
  const backoffs = new Map(
    Object.entries(reopenWaits).map(([kind, waits]) => [kind, createBackoff(waits)]),
  );
  let position = start;
  let replay = false;
  let patienceMs = silenceMs;
  let stream: WatchedStream | null = null;
  /** Since its first read. */
  let isOpen = false;
  let reopening: Readonly<{ cause: string; waitMs: number; error: Error }> | null = null;

  const close = (): void => {
    stream?.close();
    stream = null;
    isOpen = false;
  };

  const open = async (): Promise<WatchedStream> => {
    if (reopening !== null) {
      logger.warn('stream_reopening', reopening);
      await delay(reopening.waitMs, stopping);
      reopening = null;
    }
    const handle = await source.open(position, { replay });
    return watchStream(handle, stopping);
  };

  const readEvent = async (): Promise<StreamEvent> => {
    stream ??= await open();
    stopping.throwIfAborted();
    const event = await stream.read(patienceMs);
    if (!isOpen) {
      logger.info('stream_opened', { position: position.wallTime });
      for (const backoff of backoffs.values()) backoff.reset();
      patienceMs = silenceMs;
      isOpen = true;
    }
    position = event.kind === 'change' ? event.change.position : event.position;
    health.streamOpen();
    health.turned('stream');
    metrics.streamRead({ empty: event.kind === 'idle', wallTime: position.wallTime });
    return event;
  };

  /** Prepares the next opening; the gap that has come about, if any. */
  const handleEnd = async ({ kind, cause, error }: StreamEnd): Promise<StreamRead | null> => {
    close();
    replay = kind === 'tokenUnusable';
    if (cause === 'silent') patienceMs = Math.min(2 * patienceMs, LONGEST_SILENCE_MS);
    const waitMs = Math.round(backoffs.get(kind)?.next() ?? 0);
    reopening = { cause, waitMs, error };
    metrics.streamReopened(cause);
    health.streamDown(`${error.message}; reopening in ${waitMs} ms`);
    health.turned('stream');
    const isLost = kind === 'historyLost' || kind === 'oversized';
    if (!isLost && kind !== 'collectionGone') return null;
    const from = isLost ? position.wallTime : null;
    if (isLost) logger.error('stream_history_lost', { cause, from, error });
    else logger.error('collection_gone', { cause });
    const what = { what: 'gap', signal: stopping, logger };
    const now = await retryTransient(source.currentPosition, what);
    if (isLost) position = now;
    return { kind: 'gap', from, until: now.wallTime, position };
  };

  return {
    /** As `Partition.read`. */
    async read(): Promise<StreamRead> {
      for (;;) {
        let end: StreamEnd;
        try {
          stopping.throwIfAborted();
          const event = await readEvent();
          if (event.kind === 'change') {
            const { change, briefFor } = event;
            const { wallTime: at } = position;
            if (briefFor !== undefined) logger.warn('event_unreadable', { cause: briefFor, at });
            return { kind: 'change', change };
          }
          if (event.kind !== 'collectionGone') return { kind: 'passed', position };
          end = collectionGone(event.operation);
        } catch (thrown) {
          close();
          if (stopping.aborted) throw abortReason(stopping);
          end = toStreamEnd(thrown);
        }
        const gap = await handleEnd(end);
        if (gap !== null) return gap;
      }
    },
    close,
  };
}

interface WatchedStream {
  /** The next event, unless it does not come in time or a stop comes; then nobody waits for it any more. */
  read(patienceMs: number): Promise<StreamEvent>;
  close(): void;
}

/** One timer for all reads of a stream, as there may be thousands a second. Closes by itself at a stop. */
function watchStream(handle: ChangeStreamHandle, stopping: AbortSignal): WatchedStream {
  let giveUp = (_reason: Error): void => undefined;
  let limitMs = 0;
  let timer: NodeJS.Timeout | undefined;
  const expire = (): void => {
    giveUp(new StreamFailure('transient', 'silent', 'it has not answered in time'));
  };
  const close = (): void => {
    clearTimeout(timer);
    forgetStop();
    handle.close().catch(() => undefined);
  };
  const forgetStop = onAbort(stopping, (reason) => {
    giveUp(reason);
    close();
  });
  return {
    read(patienceMs) {
      if (patienceMs === limitMs) {
        timer?.refresh();
      } else {
        clearTimeout(timer);
        limitMs = patienceMs;
        timer = setTimeout(expire, patienceMs);
      }
      return new Promise((resolve, reject) => {
        giveUp = reject;
        handle.read().then(resolve, reject);
      });
    },
    close,
  };
}

/** Throws what reopening the stream can't fix. */
function toStreamEnd(thrown: unknown): StreamEnd {
  if (!(thrown instanceof StreamFailure)) throw toError(thrown);
  if (thrown.kind === 'unsupported') {
    throw new ConfigurationError(
      'MongoDB serves no change stream for the SMS collection: it must be an ordinary collection of a replica set or sharded cluster',
      { cause: thrown },
    );
  }
  return { kind: thrown.kind, cause: thrown.code, error: thrown };
}

function collectionGone(operation: string): StreamEnd {
  const what = `the SMS collection is gone (${operation}): waiting for it to be there again`;
  return { kind: 'collectionGone', cause: operation, error: new Error(what) };
}
