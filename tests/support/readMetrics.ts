import { workerMetrics } from '../../scripts/harness/workerMetrics.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';

/** Every series of a worker's `/metrics`, written as there but without our prefix, with its value. */
export async function readMetrics(worker: WorkerProcess): Promise<ReadonlyMap<string, number>> {
  const { httpPort } = await worker.line('started');
  return await workerMetrics(Number(httpPort));
}
