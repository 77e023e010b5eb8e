import { cpus, loadavg, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGb: number;
  readonly node: string;
  /** What ran before anything was started: the average of the last minute. */
  readonly loadBefore: number;
}

/** A machine that has something else to do measures that. */
const BUSY = 0.3;

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    loadBefore: loadavg()[0] ?? 0,
  };
}

export function warningAbout({ loadBefore }: Machine): string | null {
  return loadBefore > BUSY
    ? `The machine was busy (load ${loadBefore.toFixed(1)}): the figures are no more than a hint.`
    : null;
}
