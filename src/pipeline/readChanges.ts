import type { Change, StreamPosition } from '../domain/change.ts';
import { StreamFailure, type StreamFailureKind } from '../domain/streamFailure.ts';
import { delay, onAbort } from '../runtime/abort.ts';
import { createBackoff } from '../runtime/backoff.ts';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import type { ChangeSource, ChangeStreamHandle, LoopHealth, Metrics, StreamRead } from './ports.ts';

export interface ReadChangesDeps {
  readonly source: ChangeSource;
  readonly start: StreamPosition;
  /** Takes a change in; while it waits, nothing more is read. */
  onChange(change: Change): Promise<void>;
  /** Nothing of ours up to here. */
  onPassed(position: StreamPosition): void;
  /** Puts down that the stream can't be read from there; where to go on. Rejects only on a stop. */
  onGap(from: StreamPosition): Promise<StreamPosition>;
  /**
   * Puts down that another collection may have taken this one's place, with statuses that no stream has shown.
   * Rejects only on a stop.
   */
  onReplaced(): Promise<void>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: LoopHealth;
  readonly stopping: AbortSignal;
  /** How long a read may stay away; 5 minutes by default. */
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
} as const satisfies Partial<Record<StreamFailureKind, object>>;

type Reopening = Readonly<{ kind: keyof typeof reopenWaits; cause: string; error: Error }>;

/**
 * Reads the change stream until `stopping`, and reopens it whenever it ends. It goes on after the last
 * position read, not after the checkpoint: what lies between is in the window and under way, so nothing
 * is read twice while this process lives. This is the only place that knows where reading stands.
 * Rejects only with what reopening can't mend.
 */
export async function readChanges(deps: ReadChangesDeps): Promise<void> {
  const { source, logger, metrics, health, stopping } = deps;
  const backoffs = Object.fromEntries(
    Object.entries(reopenWaits).map(([kind, waits]) => [kind, createBackoff(waits)]),
  );
  const reading = { position: deps.start };
  const patience: Patience = { ms: deps.silenceMs ?? SILENCE_MS };
  let replay = false;
  while (!stopping.aborted) {
    try {
      const handle = await source.open(reading.position, { replay });
      await readUntilEnd(handle, reading, deps, {
        patience,
        onGoodRead() {
          for (const backoff of Object.values(backoffs)) backoff.reset();
          patience.ms = deps.silenceMs ?? SILENCE_MS;
        },
      });
    } catch (thrown) {
      if (stopping.aborted) return;
      const { kind, cause, error } = toReopening(thrown);
      replay = kind === 'tokenUnusable';
      if (cause === 'silent') patience.ms = Math.min(2 * patience.ms, LONGEST_SILENCE_MS);
      const waitMs = Math.round(backoffs[kind]?.next() ?? 0);
      metrics.streamReopened(cause);
      health.streamDown(`${error.message}; reopening in ${waitMs} ms`);
      health.turned('stream');
      if (thrown instanceof CollectionGone) {
        logger.error('collection_gone', { cause });
        await deps.onReplaced();
      }
      if (kind === 'historyLost' || kind === 'oversized') {
        logger.error('stream_history_lost', { cause, from: reading.position.wallTime, error });
        reading.position = await deps.onGap(reading.position);
      }
      logger.warn('stream_reopening', { cause, waitMs, error });
      await delay(waitMs, stopping).catch(() => undefined);
    }
  }
}

async function readUntilEnd(
  handle: ChangeStreamHandle,
  reading: { position: StreamPosition },
  deps: ReadChangesDeps,
  { patience, onGoodRead }: Readonly<{ patience: Readonly<Patience>; onGoodRead: () => void }>,
): Promise<void> {
  const { logger, metrics, health, stopping } = deps;
  const close = (): void => void handle.close().catch(() => undefined);
  const forgetStop = onAbort(stopping, close);
  const silence = watchSilence(patience, stopping);
  let isOpen = false;
  try {
    while (!stopping.aborted) {
      const read = await silence.orSilent(handle.read());
      if (!isOpen) logger.info('stream_opened', { position: reading.position.wallTime });
      isOpen = true;
      onGoodRead();
      health.streamOpen();
      health.turned('stream');
      const position = read.kind === 'change' ? read.change.position : read.position;
      metrics.streamRead({ empty: read.kind === 'idle', wallTime: position.wallTime });
      if (read.kind === 'change') {
        if (read.briefFor !== undefined) {
          logger.warn('event_unreadable', { cause: read.briefFor, at: position.wallTime });
        }
        health.waits('stream');
        await deps.onChange(read.change);
        health.turned('stream');
      } else {
        deps.onPassed(position);
      }
      reading.position = position;
      if (read.kind === 'collectionGone') throw new CollectionGone(read.operation);
    }
  } finally {
    silence.endWatch();
    forgetStop();
    close();
  }
}

/**
 * A read normally comes back within a second, after minutes when the server has much of the oplog to scan.
 * One that stays away longer hangs on a connection that is dead in silence; or the server still scans, in which case
 * it begins anew at the same place: hence twice the patience after each read that stayed away, until one comes back.
 */
const SILENCE_MS = 5 * 60_000;
const LONGEST_SILENCE_MS = 60 * 60_000;

/** How long a read may stay away now. */
interface Patience {
  ms: number;
}

/** One watch for all reads of a stream, as there may be thousands a second. */
function watchSilence(patience: Readonly<Patience>, stopping: AbortSignal) {
  let giveUp = (_reason: Error): void => undefined;
  const expire = (): void => {
    giveUp(new StreamFailure('transient', 'silent', 'it has not answered for minutes'));
  };
  let { ms } = patience;
  let timer = setTimeout(expire, ms);
  const forgetStop = onAbort(stopping, (reason) => giveUp(reason));
  return {
    /** The read, unless it stays away or a stop comes; then nobody waits for it any more. */
    orSilent(read: Promise<StreamRead>): Promise<StreamRead> {
      if (ms === patience.ms) {
        timer.refresh();
      } else {
        clearTimeout(timer);
        ({ ms } = patience);
        timer = setTimeout(expire, ms);
      }
      return new Promise((resolve, reject) => {
        giveUp = reject;
        read.then(resolve, reject);
      });
    },
    endWatch(): void {
      clearTimeout(timer);
      forgetStop();
    },
  };
}

/** The collection was dropped or renamed; the stream can go on when it is there again. */
class CollectionGone extends Error {
  override readonly name = 'CollectionGone';
  readonly operation: string;
  constructor(operation: string) {
    super(`the SMS collection is gone (${operation}): waiting for it to be there again`);
    this.operation = operation;
  }
}

function toReopening(thrown: unknown): Reopening {
  if (thrown instanceof CollectionGone) {
    return { kind: 'transient', cause: thrown.operation, error: thrown };
  }
  if (!(thrown instanceof StreamFailure)) throw toError(thrown);
  if (thrown.kind === 'unsupported') {
    throw new ConfigurationError(
      'MongoDB serves no change stream for the SMS collection: it must be an ordinary collection of a replica set or sharded cluster',
      { cause: thrown },
    );
  }
  return { kind: thrown.kind, cause: thrown.code, error: thrown };
}
