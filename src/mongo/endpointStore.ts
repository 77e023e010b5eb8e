import type { FailedReason } from '../domain/record.ts';
import type { EndpointStore, Metrics } from '../pipeline/ports.ts';
import { delay } from '../runtime/abort.ts';
import { insist } from '../runtime/isolate.ts';
import type { Logger } from '../runtime/logger.ts';
import type { StateCollections } from './stateCollections.ts';
import { createPatience, limits, withDeadline } from './calls.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';
import { causeOf } from './errorCodes.ts';
import { passes } from './passingErrors.ts';
import { tellNobody, type TellUnreadable } from './unreadableRows.ts';

/** How soon a change made elsewhere, by an operator, takes effect. */
const REFRESH_EVERY_MS = 5_000;

export interface WatchedEndpointStore extends EndpointStore {
  /** Reads the state of all endpoints. Rejects when the database does not answer. */
  load(): Promise<void>;
  /** Reads it again and again until `stopping`. */
  keepFresh(stopping: AbortSignal): Promise<void>;
}

/** Kept in memory whole: there is a row only for an endpoint whose receiver asked for no more calls. */
export function createEndpointStore(options: {
  readonly endpoints: StateCollections['endpoints'];
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'recordFailed'>;
  readonly unreadable?: TellUnreadable;
  /** Aborted when the worker can't wait any longer for a write. */
  readonly signal: AbortSignal;
}): WatchedEndpointStore {
  const { endpoints, logger, metrics, signal, unreadable = tellNobody } = options;
  const patience = createPatience(limits.lookUp);
  let disabled: ReadonlySet<string> = new Set();
  /** About to be disabled, or refused by MongoDB. */
  const avoided = new Set<string>();
  let written = 0;

  const load = async (): Promise<void> => {
    const writtenBefore = written;
    const found = await withDeadline(patience, () =>
      endpoints.find({}, { projection: { _id: 1 }, ...asBytes }).toArray(),
    );
    const ids = decodeAll(found).map((row): unknown => row['_id']);
    for (const id of ids.filter((each) => !isText(each))) {
      const advice = 'it is ignored: disable the webhook by `endpoints disable`, and remove it';
      const problem = '_id must be a text';
      unreadable({ collection: endpoints.collectionName, id, problem, advice });
    }
    // What was read may lack the endpoint that was disabled meanwhile.
    if (written === writtenBefore) disabled = new Set(ids.filter(isText));
    else await load();
  };
  return {
    load,
    async keepFresh(stopping) {
      while (!stopping.aborted) {
        await delay(REFRESH_EVERY_MS, stopping).catch(() => undefined);
        // What is known goes on to hold while the database does not answer.
        if (!stopping.aborted) await load().catch(() => undefined);
      }
    },
    isDisabled: (endpointKey) => disabled.has(endpointKey) || avoided.has(endpointKey),
    avoid: (endpointKey) => void avoided.add(endpointKey),
    async disable({ webhookId, displayUrl, endpointKey }, reason: FailedReason) {
      const _id = endpointKey;
      const fields = { webhookId, url: displayUrl, reason };
      const update = { $set: fields, $currentDate: { disabledAt: true } } as const;
      const limit = createPatience(limits.write);
      const what = 'endpoint';
      const insisted = await insist(
        () => withDeadline(limit, () => endpoints.updateOne({ _id }, update, { upsert: true })),
        {
          ...{ what, signal, logger, passes },
          // Matches none. A row is not tried to be added: refusing all of them is as good as refusing this one.
          probe: () => withDeadline(limit, () => endpoints.updateOne({ _id: { $in: [] } }, update)),
        },
      );
      if (insisted.kind === 'refused') {
        const { error } = insisted;
        const code = causeOf(error);
        avoided.add(_id);
        metrics.recordFailed(code);
        logger.error('record_failed', { webhookId, url: displayUrl, code, what, error });
        return;
      }
      written += 1;
      disabled = new Set([...disabled, _id]);
      avoided.delete(_id);
      logger.warn('endpoint_disabled', { webhookId, url: displayUrl, reason });
    },
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
