import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';

/** A worker's time with one partition, as its log tells it. Times in ms since 1970. */
export interface Holding {
  readonly partition: number;
  readonly worker: WorkerProcess;
  readonly from: number;
  /** Null while it lasts. */
  readonly until: number | null;
}

/** When workers were stopped, killed or frozen, which the log of one that was killed does not tell. */
export type Departures = ReadonlyMap<WorkerProcess, number>;

export function holdingsOf(
  workers: readonly WorkerProcess[],
  departures: Departures,
): readonly Holding[] {
  return workers.flatMap((worker) => {
    const done: Holding[] = [];
    const open = new Map<number, number>();
    const end = (partition: number, until: number): void => {
      const from = open.get(partition);
      if (from !== undefined) done.push({ partition, worker, from, until });
      open.delete(partition);
    };
    const leftAt = departures.get(worker) ?? Infinity;
    const endAll = (until: number): void => {
      for (const partition of open.keys()) end(partition, until);
    };
    let hasLeft = false;
    for (const { event, timestamp, partitions } of worker.lines) {
      const at = Date.parse(timestamp);
      if (!hasLeft && at > leftAt) endAll(leftAt);
      hasLeft ||= at > leftAt;
      if (event === 'partitions_assigned') {
        for (const partition of partitions as readonly number[]) open.set(partition, at);
      } else if (event === 'partitions_revoked') {
        for (const partition of partitions as readonly number[]) end(partition, at);
      }
    }
    if (!hasLeft && leftAt < Infinity) endAll(leftAt);
    return [
      ...done,
      ...[...open].map(([partition, from]) => ({ partition, worker, from, until: null })),
    ];
  });
}

/** How long nobody read a partition that passed on to another worker; the longest. */
export function longestPause(holdings: readonly Holding[]): number {
  const byPartition = Map.groupBy(holdings, ({ partition }) => partition);
  const pauses = [...byPartition.values()].flatMap((each) => {
    const inOrder = each.toSorted((one, other) => one.from - other.from);
    return inOrder.slice(1).flatMap(({ from }, index) => {
      const until = inOrder[index]?.until ?? null;
      return until === null ? [] : [from - until];
    });
  });
  return Math.max(0, ...pauses);
}
