import type { Change, StreamPosition } from '../../src/domain/change.ts';
import type { ChangeSource } from '../../src/ports/source.ts';
import { createStreamReader } from '../../src/source/streamReader.ts';
import { ignoreStopping, Stopping } from '../../src/runtime/abort.ts';
import { createMemoryLogger, type MemoryLogger } from './memoryLogger.ts';
import { createRecordingHealth, createRecordingMetrics } from './recorders.ts';

export interface SourceReading extends AsyncDisposable {
  /** In the order in which they came. */
  readonly changes: readonly Change[];
  /** Gaps that would have been recorded. */
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
  const reader = createStreamReader({
    source,
    start,
    logger,
    metrics: createRecordingMetrics(),
    health: createRecordingHealth(),
    stopping: stop.signal,
    ...(silenceMs !== undefined && { silenceMs }),
  });
  const readAll = async (): Promise<never> => {
    for (;;) {
      const read = await reader.read();
      if (read.kind === 'change') changes.push(read.change);
      if (read.kind === 'gap' && read.from !== null) gaps += 1;
    }
  };
  const done = readAll().catch(ignoreStopping);
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
