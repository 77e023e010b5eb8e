import type { Collection, MongoClient } from 'mongodb';
import { openCentralDatabase, type CentralDatabase } from '../harness/centralDatabase.ts';
import type { SmsDocument } from '../harness/smsPlatform.ts';

export const FIRST_ACCOUNT = 1_000;
export const FIRST_FLOW = 5_000;
export const COLLECTION = 'SMSDetailDocument';

/** Where one measurement takes place, for a contender's process. */
export interface Site {
  readonly mongodbUri: string;
  readonly mysqlUri: string;
  readonly database: string;
  /** The webhook of account `FIRST_ACCOUNT + n`, flow `FIRST_FLOW + n`. */
  readonly urls: readonly string[];
  /** For what the contenders leave behind. */
  readonly folder: string;
  /** The folder for the worker's CPU profiles; null for none. */
  readonly profileTo: string | null;
}

/** Where one measurement takes place: databases that nobody has used. */
export interface Place {
  readonly site: Site;
  readonly sms: Collection<SmsDocument>;
  readonly central: CentralDatabase;
  /** Removes the databases. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Opens one place after the other, with these webhooks. */
export function createPlaces(servers: Omit<Site, 'database' | 'urls'>, mongo: MongoClient) {
  let places = 0;
  return async (urls: readonly string[]): Promise<Place> => {
    const database = `bench_${(places += 1)}`;
    const mysqlUri = new URL(servers.mysqlUri);
    mysqlUri.pathname = `/${database}`;
    const central = await openCentralDatabase(mysqlUri.href);
    await optInAll(central, urls);
    const db = mongo.db(database);
    const sms = await db.createCollection<SmsDocument>(COLLECTION);
    return {
      site: { ...servers, mysqlUri: mysqlUri.href, database, urls },
      sms,
      central,
      async [Symbol.asyncDispose]() {
        await db.dropDatabase();
        await central.connection.query('DROP DATABASE ??', [database]);
        await central.close();
      },
    };
  };
}

const PER_INSERT = 1_000;

/** Many at once, since there may be thousands. */
async function optInAll({ connection }: CentralDatabase, urls: readonly string[]): Promise<void> {
  for (let from = 0; from < urls.length; from += PER_INSERT) {
    const some = urls.slice(from, from + PER_INSERT).map((url, n) => ({ url, n: from + n }));
    const tables = {
      'Accountconfig (accountID, `account.sms.notifyOnDelivery`)': some.map(({ n }) => [
        FIRST_ACCOUNT + n,
        'true',
      ]),
      'Webhook (accountID, url, isDefault)': some.map(({ n, url }) => [FIRST_ACCOUNT + n, url, 1]),
      'Flow (flowID, accountID, webhookEnabled)': some.map(({ n }) => [
        FIRST_FLOW + n,
        FIRST_ACCOUNT + n,
        1,
      ]),
    };
    for (const [table, rows] of Object.entries(tables)) {
      await connection.query(`INSERT INTO ${table} VALUES ?`, [rows]);
    }
  }
}
