import { workUnderLease, type LeasedWork } from '../../../src/pipeline/workUnderLease.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { createFakeLeases } from '../../support/fakeLeases.ts';
import type { Turn } from '../../support/fakePorts.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { createRecordingHealth, createRecordingMetrics } from '../../support/recorders.ts';

export const ttlMs = 15_000;
type Term = Parameters<LeasedWork>[0];

/** Work that ends when it is told to stop. */
export const untilStopped: LeasedWork = async ({ stopping }) => {
  if (stopping.aborted) return;
  await new Promise<void>((resolve) => {
    stopping.addEventListener('abort', () => resolve(), { once: true });
  });
};

/** A worker and the lease it is after. */
export function beginWorking(options: { readonly turn?: Turn; readonly work?: LeasedWork } = {}) {
  const leases = createFakeLeases(ttlMs, options.turn);
  const { work = untilStopped } = options;
  const terms: Term[] = [];
  const stopping = new AbortController();
  const logger = createMemoryLogger();
  const metrics = createRecordingMetrics();
  const health = createRecordingHealth();
  const done = workUnderLease({
    leases,
    ttlMs,
    async work(term) {
      terms.push(term);
      await work(term);
    },
    logger,
    metrics,
    health,
    stopping: stopping.signal,
  });
  return {
    leases,
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
  metrics.told.at(-1);
