import { randomUUID } from 'node:crypto';
import type { Collection, Db, Document } from 'mongodb';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import { limits, withDeadline } from './calls.ts';
import { toConfigurationError } from './configurationErrors.ts';
import type { StateCollections } from './database.ts';
import { codes, serverCode } from './errors.ts';
import { ensureStateCollections, type Sharing } from './indexes.ts';

/** What the start found out about the collection. */
export interface Preflight {
  /** The collection's identity, which a restore changes; null while it does not exist. */
  readonly collectionUuid: unknown;
}

/**
 * Checks, before the first document is read, all that would otherwise fail at the first status. Throws
 * `ConfigurationError` with one sentence for what an operator has to fix; anything else it throws means
 * that the server could not be asked now.
 */
export async function preflight(
  sms: Collection,
  state: StateCollections,
  sharing: Sharing = {},
): Promise<Preflight> {
  await refuseStandalone(sms.db);
  const info = await collectionInfo(sms);
  refuseUnsupportedKind(sms, info);
  if (info === undefined) await refuseOtherCase(sms.db, 'MONGODB_DATABASE');
  await refuseOtherCase(state.sent.db, 'MONGODB_STATE_DATABASE');
  await allowed(`find on ${sms.namespace}`, () =>
    withDeadline(limits.question, () => sms.findOne({}, { projection: { _id: 1 } })),
  );
  await allowed(`changeStream on ${sms.namespace}`, () => openOnce(sms));
  // Matches nothing. Not `updateOne`, which a mongos takes only with a whole `_id` or shard key.
  await allowed(`update on ${sms.namespace}`, () =>
    withDeadline(limits.question, () =>
      sms.updateMany({ _id: { $in: [] } }, [{ $set: { notify_on_delivery: null } }]),
    ),
  );
  await refuseStateKinds(state);
  await ensureStateCollections(
    state,
    async (namespace, createIndexes) => await allowed(`createIndex on ${namespace}`, createIndexes),
    sharing,
  );
  // The worker can do without statistics, and writes no audit.
  const { audit: _audit, endpointStats: _stats, ...needed } = state;
  for (const collection of Object.values(needed)) {
    await tryStateRights(collection as Collection<{ _id: string }>);
  }
  return { collectionUuid: info?.['info']?.uuid ?? null };
}

async function refuseStandalone(database: Db): Promise<void> {
  const hello = await usable(() =>
    withDeadline(limits.question, () => database.command({ hello: 1 })),
  );
  if (typeof hello['setName'] === 'string' || hello['msg'] === 'isdbgrid') return;
  throw new ConfigurationError(
    'MONGODB_URI names a standalone mongod, which has no change streams: make it a replica set (one member is enough; start it with --replSet and run rs.initiate())',
  );
}

async function collectionInfo(sms: Collection): Promise<Document | undefined> {
  const found = await allowed(`listCollections on database ${sms.dbName}`, () =>
    withDeadline(limits.question, () =>
      sms.db.listCollections({ name: sms.collectionName }).toArray(),
    ),
  );
  return found[0];
}

function refuseUnsupportedKind(sms: Collection, info: Document | undefined): void {
  const kind = info?.['type'] as string | undefined;
  if (kind === undefined || kind === 'collection') return;
  const named = kind === 'timeseries' ? 'a time series collection' : `a ${kind}`;
  throw new ConfigurationError(
    `${sms.namespace} is ${named}, which has no change stream: set MONGODB_COLLECTION to the collection of the SMS documents`,
  );
}

async function openOnce(sms: Collection): Promise<void> {
  const stream = sms.watch([], { maxAwaitTimeMS: 1 });
  try {
    await withDeadline(limits.question, () => stream.tryNext());
  } finally {
    await withDeadline(limits.ending, () => stream.close()).catch(() => undefined);
  }
}

/** What the worker does with its own rows, done with one that is never committed. */
async function tryStateRights(collection: Collection<{ _id: string }>): Promise<void> {
  const { namespace } = collection;
  const _id = `preflight ${randomUUID()}`;
  await allowed(`find on ${namespace}`, () =>
    withDeadline(limits.question, () => collection.findOne({ _id })),
  );
  const session = collection.db.client.startSession();
  session.startTransaction();
  try {
    await allowed(`insert on ${namespace}`, () =>
      withDeadline(limits.question, () => collection.insertOne({ _id }, { session })),
    );
    await allowed(`update on ${namespace}`, () =>
      withDeadline(limits.question, () =>
        collection.updateOne({ _id }, { $set: { seen: true } }, { session }),
      ),
    );
    await allowed(`remove on ${namespace}`, () =>
      withDeadline(limits.question, () => collection.deleteOne({ _id }, { session })),
    );
  } finally {
    // Aborts the transaction.
    await withDeadline(limits.ending, () => session.endSession()).catch(() => undefined);
  }
}

/** An upper-case letter too much leads to a database that is not there, in which nothing ever happens. */
async function refuseOtherCase(database: Db, setting: string): Promise<void> {
  const question = { listDatabases: 1, nameOnly: true, authorizedDatabases: true };
  const admin = database.client.db('admin');
  const answer = await withDeadline(limits.question, () => admin.command(question)).catch(
    (error: unknown): Document => {
      if (isDenied(error)) return { databases: [] };
      throw toError(error);
    },
  );
  const names = (answer['databases'] as { readonly name: string }[]).map(({ name }) => name);
  const { databaseName } = database;
  const meant = names.find((name) => name.toLowerCase() === databaseName.toLowerCase());
  if (meant === undefined || names.includes(databaseName)) return;
  throw new ConfigurationError(
    `${setting} is '${databaseName}', but the existing database is named '${meant}': use its exact name`,
  );
}

async function usable<Result>(use: () => Promise<Result>): Promise<Result> {
  try {
    return await use();
  } catch (error) {
    throw toConfigurationError(error) ?? toError(error);
  }
}

function isDenied(error: unknown): boolean {
  const code = serverCode(error);
  // Not a refused login.
  return code === codes.unauthorized || code === codes.atlasError;
}

async function allowed<Result>(privilege: string, use: () => Promise<Result>): Promise<Result> {
  try {
    return await usable(use);
  } catch (error) {
    if (!isDenied(error)) throw error;
    throw new ConfigurationError(
      `the MongoDB user lacks a privilege: grant ${privilege} (docs/operations.md has the complete role)`,
      { cause: error },
    );
  }
}

/**
 * Throws `ConfigurationError` where somebody else has made a collection of ours, in a way it can't be worked with.
 * With a collation the ids `a:SENT` and `A:SENT` would be one notification, and their ranges have no meaning; where it
 * is clustered, each batch would read all of it. Without the right to list them they are taken for what they should be.
 */
async function refuseStateKinds(state: StateCollections): Promise<void> {
  const names = new Set(Object.values(state).map(({ collectionName }) => collectionName));
  for (const info of await listOwn(state.sent.db)) {
    const fault = names.has(info['name'] as string) ? faultOf(info) : null;
    if (fault === null) continue;
    throw new ConfigurationError(
      `${state.sent.dbName}.${info['name']} ${fault}: rename it and let the worker create an ordinary collection; then copy its content there`,
    );
  }
}

async function listOwn(database: Db): Promise<readonly Document[]> {
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
