import type { Change, StreamPosition } from '../../src/domain/change.ts';
import type { ChangeSource } from '../../src/pipeline/ports.ts';
import { readChanges } from '../../src/pipeline/readChanges.ts';
import { Stopping } from '../../src/runtime/abort.ts';
import { createMemoryLogger, type MemoryLogger } from './memoryLogger.ts';
import { createRecordingHealth, createRecordingMetrics } from './recorders.ts';

export interface SourceReading extends AsyncDisposable {
  /** In the order in which they came. */
  readonly changes: readonly Change[];
  /** Gaps that would have been put down. */
  readonly gaps: number;
  readonly logger: MemoryLogger;
}

/** Reads a real stream as the worker does, from `start` until it is disposed of. */
export function readSource(
  source: ChangeSource,
  start: StreamPosition,
  { silenceMs }: { readonly silenceMs?: number } = {},
): SourceReading {
  const stop = new AbortController();
  const changes: Change[] = [];
  const logger = createMemoryLogger();
  let gaps = 0;
  const done = readChanges({
    source,
    start,
    onChange(change) {
      changes.push(change);
      return Promise.resolve();
    },
    onPassed: () => undefined,
    async onGap() {
      gaps += 1;
      return await source.currentPosition();
    },
    onReplaced: () => Promise.resolve(),
    logger,
    metrics: createRecordingMetrics(),
    health: createRecordingHealth(),
    stopping: stop.signal,
    ...(silenceMs !== undefined && { silenceMs }),
  });
  done.catch(() => undefined);
  return {
    changes,
    get gaps() {
      return gaps;
    },
    logger,
    async [Symbol.asyncDispose]() {
      stop.abort(new Stopping());
      await done;
    },
  };
}
