import { isDeepStrictEqual } from 'node:util';
import type { Receiver } from '../../tests/support/receiver.ts';

export type ReceivedRequest = ReturnType<Receiver['requests']>[number];

export interface Check {
  readonly what: string;
  readonly ok: boolean;
  /** Only when it is not. */
  readonly expected?: unknown;
  readonly seen?: unknown;
}

/** What one of several workers had of the statuses of a scene. */
export interface Share {
  readonly name: string;
  readonly partitions: number;
  readonly delivered: number;
}

export interface SceneReport {
  readonly name: string;
  durationMs: number;
  readonly checks: Check[];
  request?: Readonly<Record<'method' | 'path' | 'headers' | 'body', unknown>>;
  record?: unknown;
  shares?: readonly Share[];
  /** From a worker's death until the others had its partitions. */
  takeOverMs?: number;
}

export type BurstFigures = Readonly<
  Record<'statuses' | 'seconds' | 'perSecond' | 'p50Ms' | 'p99Ms' | 'maxMs', number>
>;

/** What `--json` prints. */
export interface Report {
  ok: boolean;
  /** Why it ended early, where no check says so. */
  error?: string;
  versions?: Readonly<Record<'mongodb' | 'mysql' | 'worker', string>>;
  upMs?: number;
  readonly scenes: SceneReport[];
  firstNotificationMs?: number;
  burst?: BurstFigures;
  durationMs: number;
}

export type Checks = ReturnType<typeof createChecks>;

export function createChecks(onCheck: (check: Check) => void) {
  /** `expected` is a phrase or a value. */
  const holds = (what: string, ok: boolean, expected: unknown, seen: unknown): void =>
    onCheck(ok ? { what, ok } : { what, ok, expected, seen });
  return {
    holds,
    /** Deep and strict; the order of keys does not count. */
    equal(what: string, seen: unknown, expected: unknown): void {
      holds(what, isDeepStrictEqual(seen, expected), expected, seen);
    },
  };
}

export function isPassed({ error, scenes }: Report): boolean {
  return error === undefined && scenes.every(({ checks }) => checks.every(({ ok }) => ok));
}
