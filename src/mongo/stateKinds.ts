import type { Db, Document } from 'mongodb';
import { ConfigurationError } from '../runtime/errors.ts';
import { limits, withDeadline } from './calls.ts';
import { codes, serverCode } from './errorCodes.ts';
import type { StateCollections } from './stateCollections.ts';

/**
 * Throws `ConfigurationError` where somebody else has made a collection of ours, in a way it can't be worked with.
 * With a collation the ids `a:SENT` and `A:SENT` would be one notification, and their ranges have no meaning; where it
 * is clustered, each batch would read all of it. Without the right to list them they are taken for what they should be.
 */
export async function refuseStateKinds(state: StateCollections): Promise<void> {
  const collections = Object.values({ ...state });
  const names = new Set(collections.map(({ collectionName }) => collectionName));
  for (const info of await list(state.sent.db)) {
    const fault = names.has(info['name'] as string) ? faultOf(info) : null;
    if (fault === null) continue;
    throw new ConfigurationError(
      `${state.sent.dbName}.${info['name']} ${fault}: rename it and let the worker make an ordinary collection; what is in it can be copied into that`,
    );
  }
}

async function list(database: Db): Promise<readonly Document[]> {
  const filter = { name: /^notify_on_delivery_/ };
  try {
    return await withDeadline(limits.question, () =>
      database.listCollections(filter, { nameOnly: false }).toArray(),
    );
  } catch (error) {
    if (serverCode(error) === codes.unauthorized) return [];
    throw error;
  }
}

function faultOf({ type, options = {} }: Document): string | null {
  if (type !== 'collection') return `is a ${type === 'timeseries' ? 'time series' : type}`;
  const { collation, clusteredIndex, capped } = options as Document;
  if (collation !== undefined) return 'has a collation, with which ids that differ may be one';
  if (clusteredIndex !== undefined) return 'is clustered, so that a look-up would read all of it';
  return capped === true ? 'is capped, so that it would lose what it must keep' : null;
}
