import type { IntegerId } from '../../domain/integerId.ts';
import type { EndpointName } from '../../pipeline/ports.ts';
import { limits, withDeadline } from '../calls.ts';
import { asBytes, decodeAll } from '../decodeDocument.ts';
import type { StateCollections } from '../stateCollections.ts';
import { namesOf } from './parkedList.ts';
import { dateOf, idOf, nameOf, textOf, unreadableIn, type ShownRow } from './shownRow.ts';

interface DisabledEndpoint extends ShownRow {
  readonly id: string;
  readonly webhookId: IntegerId | null;
  /** Without userinfo, query and fragment. */
  readonly url: string | null;
  readonly reason: string | null;
  readonly disabledAt: Date | null;
}

/** The endpoints that are not called, as the worker keeps them. Each rejects when the database does not answer. */
export interface DisabledEndpoints {
  list(): Promise<readonly DisabledEndpoint[]>;
  /** Whatever its URL; how many were disabled. */
  enable(webhookId: string): Promise<number>;
  /** False when it was already. */
  disable(endpoint: EndpointName): Promise<boolean>;
  isDisabled(endpointKey: string): Promise<boolean>;
}

export function createDisabledEndpoints(
  endpoints: StateCollections['endpoints'],
): DisabledEndpoints {
  return {
    async list() {
      const rows = await withDeadline(limits.question, () =>
        endpoints.find({}, { sort: { disabledAt: 1 }, ...asBytes }).toArray(),
      );
      return decodeAll(rows).map((row) => ({
        id: nameOf(row),
        webhookId: idOf(row['webhookId']),
        url: textOf(row['url']),
        reason: textOf(row['reason']),
        disabledAt: dateOf(row['disabledAt']),
        ...unreadableIn('endpoint', row),
      }));
    },
    async enable(webhookId) {
      const filter = { webhookId: { $in: namesOf(webhookId) } };
      return (await withDeadline(limits.question, () => endpoints.deleteMany(filter))).deletedCount;
    },
    async disable({ webhookId, displayUrl, endpointKey }) {
      const reason = 'endpoint_disabled';
      const row = { webhookId, url: displayUrl, reason };
      const fresh = { $mergeObjects: ['$$ROOT', { $literal: row }, { disabledAt: '$$NOW' }] };
      const isThere = { $ne: [{ $type: '$reason' }, 'missing'] };
      const update = [{ $replaceWith: { $cond: [isThere, '$$ROOT', fresh] } }];
      const { upsertedCount } = await withDeadline(limits.question, () =>
        endpoints.updateOne({ _id: endpointKey }, update, { upsert: true }),
      );
      return upsertedCount === 1;
    },
    async isDisabled(endpointKey) {
      const byName = { projection: { _id: 1 } } as const;
      const row = await withDeadline(limits.question, () =>
        endpoints.findOne({ _id: endpointKey }, byName),
      );
      return row !== null;
    },
  };
}
