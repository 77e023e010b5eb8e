import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';

/** Every series of a worker's `/metrics`, written as there but without our prefix, with its value. */
export async function readMetrics(worker: WorkerProcess): Promise<ReadonlyMap<string, number>> {
  const { httpPort } = await worker.line('started');
  const answer = await fetch(`http://127.0.0.1:${String(httpPort)}/metrics`);
  if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`);
  const series = (await answer.text()).matchAll(/^notify_on_delivery_(\S+) (\S+)$/gm);
  return new Map([...series].map(([, name = '', value]) => [name, Number(value)]));
}
