import type { Change, StreamPosition } from '../../src/domain/change.ts';
import type { LoopHealth, StreamRead } from '../../src/pipeline/ports.ts';
import { readChanges } from '../../src/pipeline/readChanges.ts';
import { Stopping } from '../../src/runtime/abort.ts';
import { aChange, aPosition } from './builders.ts';
import { createFakeSource, reading, type Turn } from './fakePorts.ts';
import { createWorld, type World } from './world.ts';

/** The change at a place. */
export const change = (at: number): StreamRead => reading(aChange({ position: aPosition(at) }));
/** Nothing of ours up to a place. */
export const idle = (at: number): StreamRead => ({ kind: 'idle', position: aPosition(at) });

export interface StreamReading extends World {
  /** Settles as the reading does. */
  readonly done: Promise<void>;
  /** Where the changes were that were handed on. */
  changesAt(): unknown[];
  passedAt(): unknown[];
  /** Where the stream was opened: `after 3`, or `at 3` when it was to see place 3 again. */
  openedAt(): string[];
  stop(): Promise<void>;
}

/** Reads a stream in which `happenings` happen, from place 0. */
export function readStream(
  happenings: readonly (StreamRead | Error)[],
  options: {
    readonly health?: LoopHealth;
    readonly turn?: Turn;
    onChange?(change: Change): Promise<void>;
    onGap?(): Promise<StreamPosition>;
    onReplaced?(): Promise<void>;
  } = {},
): StreamReading {
  const source = createFakeSource(options.turn);
  source.append(...happenings);
  const world = createWorld({ source });
  const { logger, metrics, health, stopping } = world;
  const changes: Change[] = [];
  const passed: StreamPosition[] = [];
  const done = readChanges({
    source,
    start: aPosition(0),
    async onChange(taken) {
      changes.push(taken);
      await options.onChange?.(taken);
    },
    onPassed: (position) => passed.push(position),
    onGap: options.onGap ?? (() => Promise.reject(new Error('no gap was to be found'))),
    onReplaced: options.onReplaced ?? (() => Promise.resolve()),
    logger,
    metrics,
    health: options.health ?? health,
    stopping: stopping.signal,
  });
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
