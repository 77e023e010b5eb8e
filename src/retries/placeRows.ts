import { orAbort, pause } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Partitioning, PlacedUpTo, Placement } from '../ports/partitioning.ts';

/** How often rows are looked for that commands have written. */
const LOOK_EVERY_MS = 1_000;
/** Pause between two batches of a walk through all rows: as long as the batch took, this long at least. */
const REST_AT_LEAST_MS = 20;
/** A client looks for new partitions at least so often; until then a worker may go by the former count. */
const HEARD_WITHIN_MS = 300_000;

interface PlacingDeps {
  readonly placement: Placement;
  readonly partitioning: Pick<Partitioning, 'count'>;
  readonly logger: Logger;
  /** Rows have been placed, and may be due. */
  onPlaced(): void;
  readonly stopping: AbortSignal;
}

/**
 * Sees to it that each row is in the partition of its SMS, until `stopping`. For one worker at a time, the one that has
 * the first partition; two would do no harm. Whatever was before this term, and after each change of the count, all rows
 * are gone through, and once more when every worker must have heard of it.
 */
export async function placeRows(deps: PlacingDeps): Promise<void> {
  await Promise.all([placeStrays(deps), placeAllAnew(deps)]);
}

async function placeStrays({ placement, logger, onPlaced, stopping }: PlacingDeps): Promise<void> {
  while (!stopping.aborted) {
    try {
      for (let isAll = false; !isAll;) {
        const done = await orAbort(placement.placeStray(), stopping);
        if (done.placed > 0) onPlaced();
        ({ isAll } = done);
      }
    } catch (error) {
      if (stopping.aborted) return;
      logger.warn('database_retry', { what: 'partitions of retries', error });
    }
    await pause(LOOK_EVERY_MS, stopping);
  }
}

async function placeAllAnew(deps: PlacingDeps): Promise<void> {
  const { partitioning, stopping } = deps;
  let placedFor: number | null = null;
  let againAt = Infinity;
  while (!stopping.aborted) {
    const count = partitioning.count();
    const isNew = count !== placedFor;
    if (isNew || performance.now() >= againAt) {
      await walk(deps);
      placedFor = count;
      againAt = isNew ? performance.now() + HEARD_WITHIN_MS : Infinity;
    }
    await pause(LOOK_EVERY_MS, stopping);
  }
}

async function walk({ placement, logger, stopping }: PlacingDeps): Promise<void> {
  for (let from: PlacedUpTo | null = null; !stopping.aborted;) {
    const begunAt = performance.now();
    let restMs = LOOK_EVERY_MS;
    try {
      const { next }: { readonly next: PlacedUpTo | null } = await orAbort(
        placement.placeAnew(from),
        stopping,
      );
      if (next === null) return;
      from = next;
      restMs = Math.max(REST_AT_LEAST_MS, performance.now() - begunAt);
    } catch (error) {
      if (stopping.aborted) return;
      logger.warn('database_retry', { what: 'partitions of retries', error });
    }
    await pause(restMs, stopping);
  }
}
