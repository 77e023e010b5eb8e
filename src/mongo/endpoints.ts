import type { Collection, Document, Filter } from 'mongodb';
import type { IntegerId } from '../domain/ids.ts';
import type { FailedReason } from '../domain/record.ts';
import type { EndpointName, EndpointStore, BreakerView } from '../ports/endpoints.ts';
import type { Metrics } from '../ports/telemetry.ts';
import { pause } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import { createPatience, findAll, limits, withDeadline } from './calls.ts';
import { insistOrReport } from './errors.ts';
import {
  kinds,
  reportNothing,
  show,
  webhookIdsLike,
  type ReportUnreadable,
  type Shown,
} from './storedRow.ts';

/** An endpoint that is disabled, by its key. */
interface DisabledRow {
  readonly _id: string;
  /** Rows of earlier versions lack it. */
  readonly accountId: IntegerId | null;
  readonly webhookId: IntegerId;
  readonly url: string | null;
  readonly reason: string;
  readonly disabledAt: Date;
}

/** A breaker that is open, as the worker saw it that had the lease in this term. */
export interface BreakerRow extends Omit<BreakerView, 'webhook'> {
  readonly _id: string;
  readonly kind: 'breaker';
  readonly endpoint: string;
  readonly webhookId: IntegerId;
  readonly url: string | null;
  readonly worker: string;
  readonly epoch: number | null;
  /** It counts until then, by the server's clock. */
  readonly until: Date;
}

/** The collection has two kinds of rows; disabled endpoints have no `kind`. */
export type EndpointRow = Omit<DisabledRow & BreakerRow, 'kind'> & { readonly kind?: 'breaker' };
export type EndpointRows = Collection<EndpointRow>;

const disabledView = {
  id: ['_id', kinds.name],
  /** Null also for one that an earlier version has written. */
  accountId: ['accountId', kinds.anyId],
  webhookId: ['webhookId', kinds.webhookId],
  /** Without userinfo, query and fragment. */
  url: ['url', kinds.textOrNull],
  reason: ['reason', kinds.text],
  disabledAt: ['disabledAt', kinds.date],
} as const;

export type ListedEndpoint = Shown<typeof disabledView>;

export const breakerRows: Filter<EndpointRow> = { kind: 'breaker' };
export const disabledRows: Filter<EndpointRow> = { kind: { $ne: 'breaker' } };

/** How soon a change made elsewhere, by an operator, takes effect. */
const REFRESH_EVERY_MS = 5_000;

export interface WatchedEndpointStore extends EndpointStore {
  /** Reads the state of all endpoints. Rejects when the database does not answer. */
  load(): Promise<void>;
  /** Reads it again and again until `stopping`. */
  keepFresh(stopping: AbortSignal): Promise<void>;
}

/** What a log event says of an endpoint, as the row has it: possibly nothing. */
type Named = Readonly<Record<'accountId' | 'webhookId' | 'url' | 'reason', unknown>>;

/** Kept in memory whole: few receivers ask for no more calls. */
export function createEndpointStore(options: {
  readonly endpoints: EndpointRows;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'recordFailed'>;
  readonly unreadable?: ReportUnreadable;
  /** Aborted when the worker can't wait any longer for a write. */
  readonly signal: AbortSignal;
}): WatchedEndpointStore {
  const { endpoints, logger, unreadable = reportNothing } = options;
  const patience = createPatience(limits.lookUp);
  let disabled: ReadonlyMap<string, Named> = new Map();
  let isLoaded = false;
  /** About to be disabled, or refused by MongoDB. */
  const avoided = new Set<string>();
  let written = 0;

  const load = async (): Promise<void> => {
    const writtenBefore = written;
    const projection = { accountId: 1, webhookId: 1, url: 1, reason: 1 };
    const rows = await findAll(patience, endpoints, disabledRows, { projection });
    const now = new Map<string, Named>();
    for (const { _id: id, accountId, webhookId, url, reason } of rows) {
      if (typeof id === 'string') {
        now.set(id, { accountId, webhookId, url, reason });
        continue;
      }
      const advice = 'it is ignored: disable the webhook by `endpoints disable`, and remove it';
      const problem = '_id must be a text';
      unreadable({ collection: endpoints.collectionName, id: id as unknown, problem, advice });
    }
    // What was read may lack the endpoint that was disabled meanwhile.
    if (written !== writtenBefore) {
      await load();
      return;
    }
    if (isLoaded) logChanges(disabled, now);
    disabled = now;
    isLoaded = true;
  };
  /** Made elsewhere: by another worker, or an operator. */
  const logChanges = (
    before: ReadonlyMap<string, Named>,
    now: ReadonlyMap<string, Named>,
  ): void => {
    for (const [key, name] of now) if (!before.has(key)) logger.warn('endpoint_disabled', name);
    for (const [key, { reason, ...name }] of before) {
      if (!now.has(key)) logger.warn('endpoint_enabled', { ...name, wasDisabledFor: reason });
    }
  };
  return {
    load,
    async keepFresh(stopping) {
      while (!stopping.aborted) {
        await pause(REFRESH_EVERY_MS, stopping);
        // What is known stays valid while the database does not answer.
        if (!stopping.aborted) await load().catch(() => undefined);
      }
    },
    isDisabled: (endpointKey) => disabled.has(endpointKey) || avoided.has(endpointKey),
    avoid: (endpointKey) => void avoided.add(endpointKey),
    async disable({ accountId, webhook }, reason: FailedReason) {
      const { webhookId, displayUrl: url, endpointKey: _id } = webhook;
      const fields = { accountId, webhookId, url, reason };
      const update = { $set: fields, $currentDate: { disabledAt: true } } as const;
      const limit = createPatience(limits.write);
      const insisted = await insistOrReport(
        () => withDeadline(limit, () => endpoints.updateOne({ _id }, update, { upsert: true })),
        {
          ...options,
          what: 'endpoint',
          fields: { accountId, webhookId, url },
          // Matches none. It adds no row: a refusal of all rows is as good as a refusal of this one.
          probe: () => withDeadline(limit, () => endpoints.updateOne({ _id: { $in: [] } }, update)),
        },
      );
      if (insisted.kind === 'refused') {
        avoided.add(_id);
        return;
      }
      written += 1;
      disabled = new Map([...disabled, [_id, fields]]);
      avoided.delete(_id);
      logger.warn('endpoint_disabled', fields);
    },
  };
}

/** The endpoints that are not called, for operators. Each call rejects when the database does not answer. */
export function createDisabledEndpoints(endpoints: EndpointRows) {
  return {
    async list(): Promise<readonly ListedEndpoint[]> {
      const byTime = { sort: { disabledAt: 1 } } as const;
      const rows = await findAll(limits.question, endpoints, disabledRows, byTime);
      return rows.map((row) => show(row, disabledView));
    },
    /** Whatever its URL; how many were disabled. */
    async enable(webhookId: string): Promise<number> {
      const filter = { ...disabledRows, webhookId: { $in: webhookIdsLike(webhookId) } };
      return (await withDeadline(limits.question, () => endpoints.deleteMany(filter))).deletedCount;
    },
    /** False when it was already. */
    async disable(
      { webhookId, displayUrl: url, endpointKey }: EndpointName,
      accountId: IntegerId | null,
    ): Promise<boolean> {
      const row = { accountId, webhookId, url, reason: 'endpoint_disabled' };
      const fresh = { $mergeObjects: ['$$ROOT', { $literal: row }, { disabledAt: '$$NOW' }] };
      const isThere = { $ne: [{ $type: '$reason' }, 'missing'] };
      const update: Document[] = [{ $replaceWith: { $cond: [isThere, '$$ROOT', fresh] } }];
      const { upsertedCount } = await withDeadline(limits.question, () =>
        endpoints.updateOne({ _id: endpointKey }, update, { upsert: true }),
      );
      return upsertedCount === 1;
    },
    async isDisabled(endpointKey: string): Promise<boolean> {
      const byName = { projection: { _id: 1 } } as const;
      const row = await withDeadline(limits.question, () =>
        endpoints.findOne({ _id: endpointKey }, byName),
      );
      return row !== null;
    },
  };
}
