const ANSWER_LIMIT_MS = 5_000;

/** Every series of the worker at this port, written as in its `/metrics` but without our prefix, with its value. */
export async function workerMetrics(httpPort: number): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/metrics`, {
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  });
  if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`);
  const series = (await answer.text()).matchAll(/^notify_on_delivery_(\S+) (\S+)$/gm);
  return new Map([...series].map(([, name = '', value]) => [name, Number(value)]));
}

/** How many partitions of the topic the worker has, and reads. */
export async function partitionsHeld(httpPort: number): Promise<number> {
  const series = [...(await workerMetrics(httpPort))];
  return series.filter(([name, value]) => name.startsWith('lease_held{') && value === 1).length;
}
