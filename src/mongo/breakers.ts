import type { Document, Filter } from 'mongodb';
import type { BreakerViews, BreakerView } from '../ports/endpoints.ts';
import { orAbort } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import { createBackoff } from '../runtime/retry.ts';
import { createWakeUp } from '../runtime/wakeUp.ts';
import { findAll, limits, withDeadline, type Limit } from './calls.ts';
import { PARTITION } from './checkpoints.ts';
import type { StateCollections } from './database.ts';
import { breakerRows, type BreakerRow, type EndpointRow, type EndpointRows } from './endpoints.ts';
import { hasRunOut } from './leases.ts';

/** At most one write in that time. */
const WRITE_EVERY_MS = 1_000;
/** Endpoints in one write; the others come with the next. */
const ROWS_AT_ONCE = 500;
/** How long a row counts after it was written; it is confirmed three times within that. */
const VALID_MS = 90_000;
const CONFIRM_MS = VALID_MS / 3;
const IDLE_MS = 3_600_000;
/** Nothing waits for these writes. */
const unconfirmed = { writeConcern: { w: 1 } } as const;

/** Who writes, in which term: rows of other workers and terms do not count. */
interface BreakerWriter {
  readonly worker: string;
  /** Null for one of many that take statuses from a topic. */
  readonly epoch: number | null;
}

export interface WrittenBreakerViews extends BreakerViews {
  /** Writes what it is given until `stopping`, then removes all of it within two seconds. Never rejects. */
  keepWritten(stopping: AbortSignal): Promise<void>;
}

/**
 * The open breakers of one worker's term, as rows beside the disabled endpoints. Rows of earlier terms are removed when
 * this one begins. A row that is not confirmed any more runs out, since an abandoned write may be carried out after the
 * one that was to remove it. See `docs/decisions/0022-visible-breakers.md`.
 */
export function createBreakerViews(options: {
  readonly endpoints: EndpointRows;
  readonly writer: BreakerWriter;
  readonly logger: Logger;
}): WrittenBreakerViews {
  const { endpoints, writer, logger } = options;
  const { worker, epoch } = writer;
  const ours: Filter<EndpointRow> =
    epoch === null ? { ...breakerRows, epoch, worker } : { ...breakerRows, epoch };
  /** Of workers before this one: terms are counted by the lease. Of a topic's workers each removes its own only. */
  const leftBefore: Filter<EndpointRow> =
    epoch === null ? ours : { ...breakerRows, epoch: { $not: { $gte: epoch } } };
  /** What is to be written, by endpoint; null for a row to be removed. */
  const changes = new Map<string, BreakerView | null>();
  const open = new Set<string>();
  const changed = createWakeUp();
  const until = { $add: ['$$NOW', VALID_MS] };

  const toRow = (breaker: BreakerView): Omit<BreakerRow, '_id' | 'until'> => {
    const { accountId, since, failures, lastStatusCode, lastError, nextProbeAt } = breaker;
    const { endpointKey: endpoint, webhookId, displayUrl: url } = breaker.webhook;
    return {
      ...{ kind: 'breaker', endpoint, accountId, webhookId, url },
      ...{ since, failures, lastStatusCode, lastError, nextProbeAt, worker, epoch },
    };
  };
  const remove = async (filter: Filter<EndpointRow>, limit: Limit): Promise<void> => {
    await withDeadline(limit, () => endpoints.deleteMany(filter, unconfirmed));
  };
  const writeChanges = async (): Promise<void> => {
    const written = [...changes].slice(0, ROWS_AT_ONCE);
    if (written.length === 0) return;
    const writes = written.map(([endpointKey, breaker]) => {
      const filter = { _id: `breaker:${epoch ?? worker}:${endpointKey}` };
      if (breaker === null) return { deleteOne: { filter } };
      const row = { $literal: toRow(breaker) };
      const update = [{ $replaceWith: { $mergeObjects: ['$$ROOT', row, { until }] } }];
      return { updateOne: { filter, update, upsert: true } };
    });
    await withDeadline(limits.gauge, () =>
      endpoints.bulkWrite(writes, { ordered: false, ...unconfirmed }),
    );
    for (const [endpointKey, breaker] of written) {
      if (changes.get(endpointKey) === breaker) changes.delete(endpointKey);
    }
    if (changes.size > 0) changed.wake();
  };
  const confirm = async (): Promise<void> => {
    if (open.size === 0) return;
    const filter = { ...ours, endpoint: { $in: [...open] } };
    await withDeadline(limits.gauge, () =>
      endpoints.updateMany(filter, [{ $set: { until } }], unconfirmed),
    );
  };

  const keepTrying = async (stopping: AbortSignal): Promise<void> => {
    const { next: nextWaitMs, reset } = createBackoff({
      minMs: 2 * WRITE_EVERY_MS,
      maxMs: CONFIRM_MS,
    });
    let isAlone = false;
    let hasFailed = false;
    let confirmedAt = performance.now();
    const write = async (): Promise<void> => {
      if (!isAlone) await remove(leftBefore, limits.gauge);
      isAlone = true;
      await writeChanges();
      if (performance.now() < confirmedAt + CONFIRM_MS) return;
      await confirm();
      confirmedAt = performance.now();
    };
    while (!stopping.aborted) {
      let restMs = WRITE_EVERY_MS;
      try {
        await orAbort(write(), stopping);
        hasFailed = false;
        reset();
      } catch (error) {
        if (stopping.aborted) return;
        // Once: it may be refused for good, and nothing depends on it.
        if (!hasFailed) logger.warn('database_retry', { what: 'breakers', error });
        hasFailed = true;
        changed.wake();
        restMs = nextWaitMs();
      }
      const rest = { atLeastMs: restMs, atMostMs: open.size > 0 ? CONFIRM_MS : IDLE_MS };
      await changed.sleep(rest, stopping);
    }
  };

  return {
    show(breaker) {
      const { endpointKey } = breaker.webhook;
      open.add(endpointKey);
      changes.set(endpointKey, breaker);
      changed.wake();
    },
    remove(endpointKey) {
      open.delete(endpointKey);
      changes.set(endpointKey, null);
      changed.wake();
    },
    async keepWritten(stopping) {
      await keepTrying(stopping);
      await remove(ours, limits.ending).catch(() => undefined);
    },
  };
}

/**
 * The rows of the breakers that are open now: written in the term of the worker that has the lease, and confirmed lately.
 * Of a worker that was killed nothing is left once its lease has run out. Rejects when the database does not answer.
 */
export async function findOpenBreakers(
  { endpoints, leases }: Pick<StateCollections, 'endpoints' | 'leases'>,
  limit: Limit,
): Promise<readonly Document[]> {
  const areValid = { ...breakerRows, $expr: { $gt: ['$until', '$$NOW'] } };
  const [found, [lease]] = await Promise.all([
    findAll(limit, endpoints, areValid, { sort: { since: 1 } }),
    findAll(limit, leases, { _id: PARTITION, $expr: { $not: hasRunOut } }),
  ]);
  // Without a lease that holds, there may be workers that take statuses from a topic.
  const epoch: unknown = lease === undefined ? null : lease['epoch'];
  return found.filter((row) => row['epoch'] === epoch);
}
