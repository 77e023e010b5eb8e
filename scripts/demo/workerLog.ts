import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { WorkerProcess } from '../harness/workerProcess.ts';

/** A file with the worker's log, for people who want to look into it. */
export interface WorkerLog {
  readonly file: string;
  /** Brings it up to date. */
  write(): Promise<void>;
  remove(): Promise<void>;
}

export async function createWorkerLog(worker: WorkerProcess): Promise<WorkerLog> {
  const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-demo-'));
  const file = join(folder, 'worker.log');
  const log: WorkerLog = {
    file,
    write: () => writeFile(file, worker.output()),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
  await log.write();
  return log;
}

/** The last error it logged, or what it said outside of its log; null when there was none. */
export function lastError(worker: WorkerProcess): string | null {
  const line = worker.lines.findLast(({ level }) => level === 'error');
  if (line === undefined) {
    const plain = worker
      .output()
      .split('\n')
      .filter((text) => text !== '' && !text.startsWith('{'));
    return plain.length === 0 ? null : plain.slice(-8).join('\n');
  }
  const { error } = line;
  const message =
    typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return `${line.event}: ${typeof message === 'string' ? message : inspect(message)}`;
}
