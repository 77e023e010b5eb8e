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

export interface RequestSample {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface SceneReport {
  readonly name: string;
  durationMs: number;
  readonly checks: Check[];
  request?: RequestSample;
  record?: unknown;
}

export interface BurstFigures {
  readonly statuses: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

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

export interface Checks {
  /** Deep and strict; the order of keys does not count. */
  equal(what: string, seen: unknown, expected: unknown): void;
  /** `expected` is a phrase. */
  holds(what: string, ok: boolean, expected: string, seen: unknown): void;
  /** Something came in the way of the checks. */
  broken(what: string, seen: string): void;
}

export function createChecks(onCheck: (check: Check) => void): Checks {
  const holds = (what: string, ok: boolean, expected: unknown, seen: unknown): void =>
    onCheck(ok ? { what, ok } : { what, ok, expected, seen });
  return {
    holds,
    broken: (what, seen) => onCheck({ what, ok: false, seen }),
    equal: (what, seen, expected) => holds(what, isDeepStrictEqual(seen, expected), expected, seen),
  };
}

export function sampleOf(request: ReceivedRequest): RequestSample {
  const { method, path, headers } = request;
  return { method, path, headers: { ...headers }, body: request.json() };
}

export function isPassed(report: Report): boolean {
  return (
    report.error === undefined && report.scenes.every(({ checks }) => checks.every(({ ok }) => ok))
  );
}
