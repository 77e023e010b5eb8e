import { createBreakerViews } from './mongo/breakers.ts';
import { createLeaseStore } from './mongo/leases.ts';
import { runPipeline } from './pipeline.ts';
import { createLeasedPartition } from './source/leasedPartition.ts';
import { createWork, openStores, type Connections, type Frame, type WorkerParts } from './term.ts';

/** Takes statuses from the change stream while this worker has the lease, until `frame.stopping`. */
export async function workUnderLease(
  frame: Frame,
  connections: Connections,
  parts: WorkerParts,
): Promise<void> {
  const { config, logger, metrics, stopping } = frame;
  const { mongo } = connections;
  const { leases, checkpoints } = mongo.state;
  const { owner, unreadable, endpoints, standbys, collectionUuid } = parts;
  const { ttlMs } = config.lease;
  const partitions = createLeasedPartition({
    ...frame,
    leases: createLeaseStore({ leases, checkpoints, owner, ttlMs, unreadable }),
    standbys,
    ttlMs,
    startAt: config.notify.startAt,
    storesOf: (term) => openStores(frame, mongo, { ...term, owner, collectionUuid, unreadable }),
  });
  await partitions.run(async (partition) => {
    const writer = { worker: owner, epoch: partition.epoch };
    const views = createBreakerViews({ ...mongo.state, writer, logger });
    const showing = views.keepWritten(partition.stopping);
    const holder = { ...partition, owner, views, endpoints };
    await runPipeline(createWork(frame, connections, holder), (workOn) => workOn(partition));
    metrics.breakersOpen(0);
    await showing;
  }, stopping);
}
