import type { Collection, Db } from 'mongodb';
import type { RowDataPacket } from 'mysql2/promise';
import type { CentralDatabase } from '../../../scripts/harness/centralDatabase.ts';
import { newSms, setStatus, type SmsDocument } from '../../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../../scripts/harness/workerProcess.ts';
import { cliWith } from '../cli.ts';
import type { Receiver } from '../receiver.ts';
import { until } from '../until.ts';
import {
  customers,
  FAILED,
  flowOf,
  longAgo,
  markup,
  secret,
  stories,
  type Customer,
  type CustomerName,
  type Story,
  type StoryName,
} from './stories.ts';

type Settings = Readonly<Record<string, string>>;

export interface Seeding {
  readonly db: Db;
  readonly central: CentralDatabase;
  readonly receiver: Receiver;
  /** For workers and commands. */
  readonly settings: Settings;
  startWorker(settings: Settings): Promise<WorkerProcess>;
}

/** By the name of the story. */
export type SmsIds = Readonly<Record<StoryName, string>>;

export interface Seeded {
  readonly sms: SmsIds;
  /** The ids of the default webhooks. */
  readonly webhooks: Readonly<Record<'crm' | 'gone', string>>;
}

/** So that every fault is there after a second, and what then waits goes on waiting. */
const patient = {
  QUICK_RETRIES: '50ms',
  RETRY_SCHEDULE: '30m,2h',
  BREAKER_COOLDOWN: '30m',
  REQUEST_TIMEOUT: '1s',
  CONNECT_TIMEOUT: '1s',
  ROUTE_CACHE_TTL: '0s',
  RESPONSE_LIMIT: '4096',
};

const brief = {
  ...patient,
  QUICK_RETRIES: '10ms',
  RETRY_SCHEDULE: '',
  GIVE_UP_AFTER: '1h',
  RETRY_AFTER_MAX: '1h',
};

/** Makes every story come true. The worker that is left running goes on to serve what the tests do. */
export async function seedStories(seeding: Seeding): Promise<Seeded> {
  const { db, central } = seeding;
  const sms = db.collection<SmsDocument>('SMSDetailDocument');
  await sms.createIndexes([{ key: { phononUuid: 1 } }, { key: { to: 1, sendTime: 1 } }]);
  await setUpCustomers(seeding);
  await sms.insertMany(Array.from({ length: FAILED }, failedEarlier));
  const all = Object.entries(stories) as readonly (readonly [StoryName, Story])[];
  const first = await seeding.startWorker(brief);
  const ids = await tell(
    sms,
    all.filter(([, { isBrief }]) => isBrief === true),
  );
  await first.stop();
  await seeding.startWorker(patient);
  Object.assign(
    ids,
    await tell(
      sms,
      all.filter(([, { isBrief }]) => isBrief !== true),
    ),
  );
  return {
    sms: { ...ids, ...(await tellOthers(seeding, sms)) } as SmsIds,
    webhooks: {
      crm: await webhookOf(central, customers.crm),
      gone: await webhookOf(central, customers.gone),
    },
  };
}

/** Before there was a worker, so that none reads it. */
function failedEarlier(): SmsDocument {
  const statusAt = new Date(Date.now() - 600_000);
  const document = smsOf(customers.backlog, {
    deliveryStatus: 'DELIVERED',
    deliveryTime: statusAt,
  });
  const record = {
    ...{ state: 'failed', reason: 'attempts_exhausted', deliveryStatus: 'DELIVERED', statusAt },
    notificationId: `${document._id}:DELIVERED`,
    ...{ attempts: 11, statusCode: 503, response: 'out of order', lastAttemptAt: statusAt },
  };
  return { ...document, notify_on_delivery: record };
}

async function setUpCustomers(seeding: Seeding): Promise<void> {
  const { central, receiver } = seeding;
  for (const [name, customer] of Object.entries(customers) as [CustomerName, Customer][]) {
    const { accountId, webhook, isOptedIn = true, isFlowEnabled = true } = customer;
    await central.setAccount(accountId, isOptedIn ? 'true' : 'false');
    await addFlow(central, flowOf(customer), accountId, {
      name: name === 'markup' ? markup : 'welcome',
      isEnabled: isFlowEnabled,
    });
    if (webhook === null) continue;
    if ('answer' in webhook) receiver.answer(webhook.path, webhook.answer);
    const url = 'url' in webhook ? webhook.url : receiver.url(webhook.path);
    await addWebhook(central, accountId, { name: name === 'markup' ? markup : 'crm', url });
  }
  const { crm } = customers;
  await addFlow(central, 201, crm.accountId, { name: 'reminder', isEnabled: false });
  await addWebhook(central, crm.accountId, {
    name: 'spare',
    url: receiver.url('/spare'),
    isDefault: false,
  });
}

async function addFlow(
  { connection }: CentralDatabase,
  flowId: number,
  accountId: number,
  { name, isEnabled }: Readonly<{ name: string; isEnabled: boolean }>,
): Promise<void> {
  await connection.query(
    'INSERT INTO Flow (flowID, accountID, name, webhookEnabled) VALUES (?, ?, ?, ?)',
    [flowId, accountId, name, Number(isEnabled)],
  );
}

async function addWebhook(
  { connection }: CentralDatabase,
  accountId: number,
  { name, url, isDefault = true }: Readonly<{ name: string; url: string; isDefault?: boolean }>,
): Promise<void> {
  await connection.query(
    'INSERT INTO Webhook (accountID, name, url, headers, secret, isDefault) VALUES (?, ?, ?, ?, ?, ?)',
    [accountId, name, url, JSON.stringify({ 'x-team': markup }), secret, Number(isDefault)],
  );
}

/** Sets the statuses of these SMS, and waits until each has become what it is to be. */
async function tell(
  sms: Collection<SmsDocument>,
  some: readonly (readonly [StoryName, Story])[],
): Promise<Partial<Record<StoryName, string>>> {
  const told = some.map(async ([name, { of, statuses = ['DELIVERED'], fields = {}, ends }]) => {
    const document = smsOf(customers[of], fields);
    await sms.insertOne(document);
    const last = statuses.at(-1);
    for (const status of statuses) {
      await setStatus(sms, document._id, status);
      if (ends !== null) await hasBecome(sms, document._id, status === last ? ends : 'delivered');
    }
    return [name, document._id] as const;
  });
  return Object.fromEntries(await Promise.all(told)) as Partial<Record<StoryName, string>>;
}

function smsOf(customer: Customer, fields: Readonly<Record<string, unknown>> = {}): SmsDocument {
  const { accountId } = customer;
  const to = accountId === customers.crm.accountId ? {} : { to: `9198000000${accountId}` };
  return newSms({ accountID: accountId, flowId: flowOf(customer), ...to, ...fields });
}

type Shown = Partial<Readonly<Record<'state' | 'reason' | 'deliveryStatus', string>>>;

async function hasBecome(sms: Collection<SmsDocument>, id: string, wanted: string): Promise<void> {
  await until(`the SMS ${id} is ${wanted}`, async () => {
    const document = await sms.findOne({ _id: id });
    const record = (document?.['notify_on_delivery'] ?? {}) as Shown;
    const { state, reason } = record;
    const is = reason === undefined ? state : `${state} ${reason}`;
    if (is === wanted && record.deliveryStatus === document?.['deliveryStatus']) return true;
    throw new Error(`its record is ${JSON.stringify(record)}`);
  });
}

/** So many attempts open a breaker: ten, at two for each SMS, and some more. */
const FAILING = 8;

async function tellOthers(
  { db, central, settings }: Seeding,
  sms: Collection<SmsDocument>,
): Promise<Partial<Record<StoryName, string>>> {
  const report = async (customer: Customer, ends: string): Promise<string> => {
    const document = smsOf(customer);
    await sms.insertOne(document);
    await setStatus(sms, document._id, 'DELIVERED');
    await hasBecome(sms, document._id, ends);
    return document._id;
  };
  const command = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await cliWith(settings, ...args);
    if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  };

  const withdrawn = await report(customers.withdrawn, 'retrying');
  const { accountId } = customers.withdrawn;
  await central.setFlow(flowOf(customers.withdrawn), accountId, false);
  await command('retries', 'run', '--account', String(accountId));
  await hasBecome(sms, withdrawn, 'failed notification_withdrawn');

  const afterGone = await report(customers.gone, 'failed endpoint_disabled');

  const restored = smsOf(customers.crm, { deliveryStatus: 'DELIVERED', deliveryTime: longAgo });
  await sms.insertOne(restored);
  await hasBecome(sms, restored._id, 'skipped stale');

  const failing = Array.from({ length: FAILING }, () => smsOf(customers.broken));
  await sms.insertMany(failing);
  for (const { _id } of failing) await setStatus(sms, _id, 'DELIVERED');
  await until('the breaker is open', async () => {
    return await db.collection('notify_on_delivery_endpoints').findOne({ kind: 'breaker' });
  });

  const behindDisabled = await report(customers.disabled, 'retrying');
  const webhookId = await webhookOf(central, customers.disabled);
  await command('endpoints', 'disable', webhookId);

  const underWay = smsOf(customers.crm);
  await sms.insertOne(underWay);
  return {
    ...{ withdrawn, afterGone, behindDisabled },
    stale: restored._id,
    blocked: failing[0]?._id ?? '',
    underWay: underWay._id,
  };
}

/** The id of a customer's default webhook. */
async function webhookOf(
  { connection }: CentralDatabase,
  { accountId }: Customer,
): Promise<string> {
  const [[row]] = await connection.query<RowDataPacket[]>(
    'SELECT webhookID FROM Webhook WHERE accountID = ? AND isDefault = 1',
    [accountId],
  );
  return String(row?.['webhookID']);
}
