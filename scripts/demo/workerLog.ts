import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkerProcess } from '../harness/workerProcess.ts';

const WRITE_EVERY_MS = 200;

export type WorkerLog = ReturnType<typeof keepLog>;

/** A file with the worker's log, for people: only whole lines are added, so that `tail -f` can follow it. */
export function keepLog(worker: Pick<WorkerProcess, 'output'>) {
  const folder = mkdtempSync(join(tmpdir(), 'notify-on-delivery-demo-'));
  const file = join(folder, 'worker.log');
  let written = 0;
  const add = (text: string): void => {
    written += text.length;
    if (text !== '') appendFileSync(file, text);
  };
  const write = (): void => {
    const output = worker.output();
    add(output.slice(written, output.lastIndexOf('\n') + 1));
  };
  writeFileSync(file, '');
  write();
  const timer = setInterval(write, WRITE_EVERY_MS).unref();
  /** For a worker that has ended: adds what is left, and ends the last line. */
  const finish = (): void => {
    clearInterval(timer);
    write();
    const rest = worker.output().slice(written);
    if (rest !== '') add(`${rest}\n`);
  };
  return {
    file,
    finish,
    /** Whoever follows it has seen all of it. */
    async remove(): Promise<void> {
      finish();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
