import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection, MongoClient } from 'mongodb';
import { createMongoClient } from '../../src/mongo/connect.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import { createLookups } from '../../src/mongo/lookups.ts';
import type { Lookup, LookupRequest } from '../../src/ports/notify.ts';
import { eachOf } from '../support/eachOf.ts';
import { createMemoryLogger } from '../support/memoryLogger.ts';
import { failCommands } from '../support/mongoFaults.ts';
import { createOutcomes, type Outcomes } from '../support/mongoOutcomes.ts';
import { usePrivateReplicaSet } from '../support/mongoReplicaSet.ts';
import { anEnding } from '../support/someEndings.ts';
import { until } from '../support/until.ts';

const appName = 'poisoned batches';
const replicaSet = usePrivateReplicaSet();
let client: MongoClient;
let databases = 0;
let database: string;

beforeAll(() => {
  client = createMongoClient(replicaSet().uri, appName);
});
afterAll(async () => {
  await client.close();
});
beforeEach(() => {
  databases += 1;
  database = `poisoned_${databases}`;
});

const names = Array.from({ length: 50 }, (_, index) => `sms-${index}`);
const POISON = 'sms-23';
const others = names.filter((name) => name !== POISON);
/** DocumentValidationFailure, of which the worker knows that a record may be refused by it. */
const VALIDATION = 121;

// A batch was tried again whole for ever on any error that was not expected there.
describe('a batch in which one end can not be written', () => {
  let outcomes: Outcomes;
  const shown = async (): Promise<string[]> =>
    (await outcomes.sms.find({ notify_on_delivery: { $exists: true } }).toArray()).map((document) =>
      String(document._id),
    );
  const remembered = async (): Promise<string[]> => {
    const rows = await client.db(database).collection('notify_on_delivery_sent').find().toArray();
    return rows.map((row) => String(row['sms']));
  };
  const endAll = async (): Promise<void> => {
    await Promise.all(names.map(async (name) => await outcomes.store.end(anEnding(name))));
  };

  beforeEach(async () => {
    outcomes = createOutcomes(client, database);
    await outcomes.sms.insertMany(names.map((_id) => ({ _id: _id as never })));
  });

  it('remembers the others when the ledger refuses its row, and shows all', async () => {
    const validator = { sms: { $ne: POISON } };
    await client.db(database).createCollection('notify_on_delivery_sent', { validator });
    await endAll();
    expect((await remembered()).toSorted()).toEqual(others.toSorted());
    expect((await shown()).toSorted()).toEqual(names.toSorted());
    expect(outcomes.failedCodes).toEqual([String(VALIDATION)]);
    const errors = outcomes.logger.lines.filter(({ level }) => level === 'error');
    expect(errors).toMatchObject([
      { event: 'record_failed', fields: { notificationId: `${POISON}:DELIVERED`, what: 'ledger' } },
    ]);
  });

  it('shows the others when an index refuses its record, and remembers all', async () => {
    const { sms } = outcomes;
    // Somebody's own: two documents can't have the same.
    await sms.updateOne({ _id: POISON as never }, { $set: { unique: true } });
    await sms.insertOne({
      _id: 'taken' as never,
      unique: true,
      notify_on_delivery: { state: 'delivered' },
    });
    await sms.createIndex(
      { unique: 1, 'notify_on_delivery.state': 1 },
      { unique: true, partialFilterExpression: { unique: true } },
    );
    await endAll();
    expect((await shown()).toSorted()).toEqual([...others, 'taken'].toSorted());
    expect((await remembered()).toSorted()).toEqual(names.toSorted());
    expect(outcomes.failedCodes).toEqual(['11000']);
  });

  it('waits when all writes are refused, by whatever code', async () => {
    // InternalError is no code that is known to pass.
    const struck = { appName, commands: ['update', 'insert', 'delete'] };
    await using failing = await failCommands(replicaSet().admin, struck, { errorCode: 1 });
    const ending = endAll();
    await until('it has been tried often', () => outcomes.logger.lines.length > 20);
    await failing.lift();
    await ending;
    expect(outcomes.failedCodes).toEqual([]);
    expect(await remembered()).toHaveLength(names.length);
    expect(await shown()).toHaveLength(names.length);
  });
});

describe('a batch of look-ups in which one can not be made', () => {
  let sms: Collection;
  const lookUp = async (requests: readonly LookupRequest[]) => {
    const { signal } = new AbortController();
    const state = stateCollections(client.db(database));
    const logger = createMemoryLogger();
    const store = createLookups({ sms, state, logger, signal });
    return await store.lookUp(requests);
  };
  const asking = (id: string, opaque: unknown = { _id: id }): LookupRequest => {
    const { smsKey, notificationId } = anEnding(id);
    return { smsKey, notificationId, documentKey: { opaque }, wants: 'document' };
  };

  beforeEach(async () => {
    sms = client.db(database).collection('sms');
    await sms.insertMany(names.map((_id) => ({ _id: _id as never })));
  });

  it('answers the others at once, and of it that it can not be read', async () => {
    // A part of a shard key that the driver reads, and refuses to write.
    const odd = { region: { _bsontype: 'Odd' }, _id: POISON };
    const answers = await lookUp(
      names.map((name) => asking(name, name === POISON ? odd : undefined)),
    );
    const at = names.indexOf(POISON);
    const rest = answers.filter((_, index) => index !== at) as Lookup[];
    expect(rest.map(({ document }) => document?.['_id'])).toEqual(others);
    expect(await answers[at]).toMatchObject({ document: null, unreadable: expect.any(Error) });
  });

  it('waits when none can be made, by whatever code', async () => {
    const struck = { appName, commands: ['find', 'aggregate'], times: 30 };
    await using failing = await failCommands(replicaSet().admin, struck, { errorCode: 1 });
    const answers = await eachOf(lookUp(names.map((name) => asking(name))));
    expect(answers.map(({ document }) => document?.['_id'])).toEqual(names);
    expect(answers.filter(({ unreadable }) => unreadable !== undefined)).toEqual([]);
    await failing.lift();
  });

  // Three failures of a look-up, and a look at nobody that was made again until it went well, were laid to the item: so
  // every seventh of these was acknowledged, never to be notified.
  it('waits while a database fails now and then, by whatever code', async () => {
    const struck = { appName, commands: ['find', 'aggregate'], probability: 0.6 };
    await using failing = await failCommands(replicaSet().admin, struck, { errorCode: 8 });
    const each = names.map(async (name) => await eachOf(lookUp([asking(name)])));
    const answers = (await Promise.all(each)).flat();
    expect(answers.filter(({ unreadable }) => unreadable !== undefined)).toEqual([]);
    expect(answers.map(({ document }) => document?.['_id'])).toEqual(names);
    expect(await failing.lift()).toBeGreaterThan(names.length);
  });
});
