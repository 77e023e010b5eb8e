import type { Document } from 'mongodb';
import type { CentralDatabase } from '../../scripts/harness/centralDatabase.ts';
import { newSms, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import { ensureListIndexes, ensureStateCollections } from '../../src/mongo/indexes.ts';
import type { TestServers } from './servers.ts';
import { untyped } from './untyped.ts';

/** What a customer or a receiver may have written anywhere. */
export const script = `"'></pre><script>alert(1)</script><img src=x onerror=alert(1)>`;

/** Where it was written. */
export const hostile = {
  id: `sms-${script}`,
  account: 28,
  flow: 200,
  number: '919876543210',
  phononUuid: 'bd706f90-aa14-47ea-9844-3d1e1123f4ee',
  job: `replay ${script}`,
} as const;

/** Only somebody who asks for account 29 or its SMS may see this. */
export const ofAnother = 'belongs-to-account-29';

/** An address that is never called. */
const urlOf = (text: string): string => `http://10.9.8.7/${text}`;

/** Accounts, SMS and all rows of the worker's own, with hostile texts wherever somebody else may have written. */
export async function seedHostile(servers: TestServers, central: CentralDatabase): Promise<void> {
  await seedCentral(central);
  await seedSms(servers);
  await seedState(servers);
}

async function seedCentral({ connection, optIn }: CentralDatabase): Promise<void> {
  const webhook = { url: urlOf(`${script}?token=${script}`), headers: { 'x-text': script } };
  await optIn(hostile.account, hostile.flow, webhook);
  await optIn(29, 290, { url: urlOf(ofAnother) });
  const named = 'UPDATE Webhook SET name = ? WHERE accountID = ?';
  await connection.query(named, [script, hostile.account]);
  await connection.query(named, [ofAnother, 29]);
  await connection.query('UPDATE Flow SET name = ? WHERE flowID = ?', [script, hostile.flow]);
}

function recordOf(text: string): Document {
  return {
    state: 'failed',
    reason: text,
    deliveryStatus: text,
    statusAt: new Date(),
    notificationId: text,
    webhookId: text,
    url: urlOf(text),
    attempts: 2,
    statusCode: 500,
    response: text,
    error: text,
    firstAttemptAt: new Date(),
    lastAttemptAt: new Date(),
    durationMs: 12,
    history: [{ at: new Date(), statusCode: 500, error: text, durationMs: 3 }],
  };
}

async function seedSms({ db }: TestServers): Promise<void> {
  const sms = db.collection<SmsDocument>('SMSDetailDocument');
  await sms.createIndex({ phononUuid: 1 });
  await sms.createIndex({ to: 1 });
  await sms.insertMany([
    newSms({
      _id: hostile.id,
      phononUuid: hostile.phononUuid,
      to: hostile.number,
      from: script,
      text: script,
      attemptDetail: script,
      smsType: script,
      [script]: script,
      deliveryStatus: script,
      deliveryTime: new Date(),
      notify_on_delivery: recordOf(script),
    }),
    newSms({
      _id: ofAnother,
      phononUuid: ofAnother,
      accountID: 29,
      flowId: 290,
      to: '918888888888',
      text: ofAnother,
      deliveryStatus: 'DELIVERED',
      deliveryTime: new Date(),
      notify_on_delivery: recordOf(ofAnother),
    }),
  ]);
}

async function seedState({ db }: TestServers): Promise<void> {
  const state = stateCollections(db);
  await ensureStateCollections(state);
  await ensureListIndexes(state);
  const later = new Date(Date.now() + 3_600_000);
  const now = new Date();
  const endpoint = `endpoint ${script}`;
  for (const [id, text, account] of [
    [hostile.id, script, hostile.account],
    [ofAnother, ofAnother, 29],
  ] as const) {
    const record = { ...recordOf(text), deliveryStatus: 'DELIVERED' };
    await untyped(state.sent).insertOne({
      ...{ _id: `${id}:DELIVERED`, sms: id, state: 'failed', statusAt: now, accountId: account },
      ...{ endedAt: now, expireAt: later, run: null, location: urlOf(text), record },
    });
    await untyped(state.retries).insertOne({
      ...{ _id: `${id}:${text}`, sms: id, deliveryStatus: text, statusAt: now, endpoint },
      ...{ accountId: account, flowId: 200, webhookId: text, url: urlOf(text), run: null },
      ...{ log: { begun: 1 }, acceptedAt: now, nextAttemptAt: later },
    });
  }
  await untyped(state.retries).insertOne({ _id: `odd ${script}`, sms: 7, unreadable: script });
  await untyped(state.endpoints).insertMany([
    {
      _id: endpoint,
      accountId: 28,
      webhookId: script,
      url: urlOf(script),
      reason: script,
      disabledAt: now,
    },
    { _id: `unreadable ${script}`, reason: script },
  ]);
  await untyped(state.jobs).insertOne({
    ...{ _id: hostile.job, kind: script, run: script, state: script, from: script, token: script },
    ...{ arguments: { account: '28', since: script }, counts: { [script]: 1 } },
    ...{ startedAt: now, updatedAt: now },
  });
  await untyped(state.leases).insertOne({ _id: `lease ${script}`, owner: script, until: later });
}
