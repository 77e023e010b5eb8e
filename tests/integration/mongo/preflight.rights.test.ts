import { describe, expect, it } from '@jest/globals';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { preflight } from '../../../src/mongo/preflight.ts';
import { toError } from '../../../src/runtime/errors.ts';
import { password, useGuardedReplicaSet, type Privilege } from '../../support/mongoUsers.ts';

const guarded = useGuardedReplicaSet();

const database = 'central';
const onSms = ['find', 'changeStream', 'update'];
const onRows = ['find', 'insert', 'update', 'remove'];
const onState: Readonly<Record<string, readonly string[]>> = {
  checkpoints: onRows,
  sent: [...onRows, 'createIndex'],
  retries: [...onRows, 'createIndex'],
  endpoints: onRows,
  leases: onRows,
  gaps: onRows,
  jobs: onRows,
};

/** The smallest role: nothing but what the worker does, on nothing but what it does it to. */
function role({ sms = onSms, state = onState, list = true }): Privilege[] {
  return [
    { db: database, collection: 'sms', actions: sms },
    ...(list ? [{ db: database, collection: '', actions: ['listCollections'] }] : []),
    ...Object.entries(state).map(([name, actions]) => ({
      db: 'state',
      collection: `notify_on_delivery_${name}`,
      actions,
    })),
  ];
}

/** What the preflight says to a user with this URI; null when it passes. */
async function refusal(uri: string): Promise<Error | null> {
  const client = createMongoClient(uri, 'preflight under test');
  try {
    await preflight(client.db(database).collection('sms'), stateCollections(client.db('state')));
    return null;
  } catch (error) {
    return toError(error);
  } finally {
    await client.close();
  }
}

function without(actions: readonly string[], action: string): string[] {
  return actions.filter((each) => each !== action);
}

describe('a user', () => {
  it('with the smallest role passes, before the collections are there and after', async () => {
    const uri = await guarded().createUser(role({}));
    expect(await refusal(uri)).toBeNull();
    await guarded().root.db(database).collection('sms').insertOne({});
    expect(await refusal(uri)).toBeNull();
  });

  const stateRights = Object.entries(onState).flatMap(([name, actions]) =>
    actions.map((action): [string, Privilege[]] => [
      `${action} on state.notify_on_delivery_${name}`,
      role({ state: { ...onState, [name]: without(actions, action) } }),
    ]),
  );
  it.each([
    ['find on central.sms', role({ sms: without(onSms, 'find') })],
    ['changeStream on central.sms', role({ sms: without(onSms, 'changeStream') })],
    ['update on central.sms', role({ sms: without(onSms, 'update') })],
    ['listCollections on database central', role({ list: false })],
    ...stateRights,
  ])('without the right to %s is notified so', async (right, privileges) => {
    expect(await refusal(await guarded().createUser(privileges))).toMatchObject({
      name: 'ConfigurationError',
      message: `the MongoDB user lacks a privilege: grant ${right} (docs/operations.md has the complete role)`,
    });
  });

  it.each([
    ['with a wrong password', () => guarded().uriOf('root', 'wrong-pass-word')],
    ['who is unknown', () => guarded().uriOf('nobody', password)],
    ['of another database', async () => `${await guarded().createUser(role({}))}&authSource=state`],
  ])('%s is notified so', async (_, uri) => {
    const error = await refusal(await uri());
    expect(error).toMatchObject({
      name: 'ConfigurationError',
      message:
        'MongoDB refuses the credentials in MONGODB_URI: correct user, password or authSource',
    });
    const everything = `${error?.stack} ${String(error?.cause)}`;
    expect(everything).not.toContain(password);
    expect(everything).not.toContain('wrong-pass-word');
  });

  it('who is nobody is told so', async () => {
    expect(await refusal(guarded().uri)).toMatchObject({ name: 'ConfigurationError' });
  });
});
