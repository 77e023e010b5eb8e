import type { Change, StreamPosition } from '../../src/domain/change.ts';
import type { StreamEvent } from '../../src/ports/source.ts';
import type { LoopHealth } from '../../src/ports/telemetry.ts';
import { readLoop } from '../../src/source/readLoop.ts';
import { createStreamReader } from '../../src/source/streamReader.ts';
import { createUnacked } from '../../src/source/unacked.ts';
import { createWatermark } from '../../src/source/watermark.ts';
import { ignoreStopping, Stopping } from '../../src/runtime/abort.ts';
import { createByteBudget } from '../../src/runtime/byteBudget.ts';
import { aChange, aPosition } from './builders.ts';
import { createFakeGaps } from './fakeGaps.ts';
import { createFakeSource, reading, type Turn } from './fakePorts.ts';
import { createWorld, type World } from './world.ts';

/** The change at a place. */
export const change = (at: number): StreamEvent => reading(aChange({ position: aPosition(at) }));
/** Nothing of ours up to a place. */
export const idle = (at: number): StreamEvent => ({ kind: 'idle', position: aPosition(at) });

/** How long these streams may be silent. */
export const silenceMs = 5 * 60_000;

export interface StreamReading extends World {
  /** Settles as the reading does. */
  readonly done: Promise<void>;
  /** Where the changes were that were begun. */
  changesAt(): unknown[];
  passedAt(): unknown[];
  /** Where the stream was opened: `after 3`, or `at 3` when it was to see place 3 again. */
  openedAt(): string[];
  stop(): Promise<void>;
}

/** Reads a stream in which `happenings` happen, from place 0. */
export function readStream(
  happenings: readonly (StreamEvent | Error)[],
  options: {
    readonly health?: LoopHealth;
    readonly turn?: Turn;
    /** Where the database is. */
    readonly now?: StreamPosition;
    /** Waits before each change. */
    untilRoom?(): Promise<void>;
    process?(change: Change): void;
    addGap?(from: Date, to: Date): Promise<void>;
  } = {},
): StreamReading {
  const source = createFakeSource(options.turn, options.now);
  source.append(...happenings);
  const world = createWorld({ source });
  const { logger, metrics, stopping } = world;
  const { health = world.health } = options;
  const { signal } = stopping;
  const changes: Change[] = [];
  const passed: StreamPosition[] = [];
  const deps = { source, start: aPosition(0), logger, metrics, health, silenceMs };
  const reader = createStreamReader({ ...deps, stopping: signal });
  const watermark = createWatermark(aPosition(0), createUnacked(100));
  const gaps = { ...createFakeGaps(), ...(options.addGap && { add: options.addGap }) };
  let hasRoom = options.untilRoom === undefined;
  const done = readLoop({
    partition: { read: reader.read, gaps, stopping: signal },
    watermark: { ...watermark, pass: (position) => void passed.push(position) },
    limits: {
      unacked: createUnacked(Infinity),
      budget: {
        ...createByteBudget(Infinity),
        get hasRoom() {
          return hasRoom;
        },
        async untilRoom() {
          await options.untilRoom?.();
          hasRoom = true;
        },
      },
      mayBegin: () => Promise.resolve(),
    },
    processChange(taken) {
      options.process?.(taken);
      changes.push(taken);
      return { finished: Promise.resolve() };
    },
    logger,
    metrics,
    health,
  })
    .finally(reader.close)
    .catch(ignoreStopping);
  return {
    ...world,
    done,
    changesAt: () => changes.map(({ position }) => position.opaque),
    passedAt: () => passed.map(({ opaque }) => opaque),
    openedAt: () =>
      source.opened.map(
        ({ position, replay }) => `${replay ? 'at' : 'after'} ${Number(position.opaque)}`,
      ),
    async stop() {
      stopping.abort(new Stopping());
      await done;
    },
  };
}
