import { createLeaseReports } from '../../../src/source/leasedPartition.ts';
import { runUnderLease, type LeaseTerm } from '../../../src/source/lease.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { createFakeLeases } from '../../support/fakeLeases.ts';
import type { Turn } from '../../support/fakePorts.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { createRecordingHealth, createRecordingMetrics } from '../../support/recorders.ts';

export const ttlMs = 15_000;
type Work = (term: LeaseTerm) => Promise<void>;

/** Work that ends when it has to stop. */
export const untilStopped: Work = async ({ stopping }) => {
  if (stopping.aborted) return;
  await new Promise<void>((resolve) => {
    stopping.addEventListener('abort', () => resolve(), { once: true });
  });
};

/** A worker and the lease it is after. */
export function beginWorking(
  options: { readonly turn?: Turn; readonly work?: Work; readonly holdsMs?: number } = {},
) {
  const { work = untilStopped, holdsMs = ttlMs } = options;
  const leases = createFakeLeases(holdsMs, options.turn);
  const terms: LeaseTerm[] = [];
  const stopping = new AbortController();
  const logger = createMemoryLogger();
  const metrics = createRecordingMetrics();
  const health = createRecordingHealth();
  const standbys: string[] = [];
  const done = runUnderLease({
    leases,
    standbys: {
      seen: async () => void standbys.push('seen'),
      left: async () => void standbys.push('left'),
    },
    ttlMs: holdsMs,
    async work(term) {
      terms.push(term);
      await work(term);
    },
    reports: createLeaseReports({ logger, metrics }),
    logger,
    health,
    stopping: stopping.signal,
  });
  return {
    leases,
    standbys,
    terms,
    logger,
    metrics,
    health,
    done,
    stopping,
    async stop(): Promise<void> {
      stopping.abort(new Stopping());
      await done;
    },
  };
}

/** What was said last of whether the lease is held. */
export const heldAtLast = ({ metrics }: ReturnType<typeof beginWorking>): unknown =>
  metrics.reported.at(-1);
