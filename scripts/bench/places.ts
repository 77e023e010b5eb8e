import type { Collection, MongoClient } from 'mongodb';
import { openCentralDatabase, type CentralDatabase } from '../harness/centralDatabase.ts';
import type { SmsDocument } from '../harness/smsPlatform.ts';
import { COLLECTION, FIRST_ACCOUNT, FIRST_FLOW, type Site } from './site.ts';

/** Where one measurement takes place: databases that nobody has used. */
export interface Place {
  readonly site: Site;
  readonly sms: Collection<SmsDocument>;
  readonly central: CentralDatabase;
  /** Removes the databases. */
  clear(): Promise<void>;
}

/** The webhook of each account, in their order. */
export type OpenPlace = (urls: readonly string[]) => Promise<Place>;

export function createPlaces(
  servers: Pick<Site, 'mongodbUri' | 'mysqlUri' | 'folder'>,
  mongo: MongoClient,
): OpenPlace {
  let places = 0;
  return async (urls) => {
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
      async clear() {
        await db.dropDatabase();
        await central.connection.query('DROP DATABASE ??', [database]);
        await central.close();
      },
    };
  };
}

const PER_INSERT = 1_000;

/** All at once, since there may be thousands. */
async function optInAll({ connection }: CentralDatabase, urls: readonly string[]): Promise<void> {
  for (let from = 0; from < urls.length; from += PER_INSERT) {
    const some = urls.slice(from, from + PER_INSERT).map((url, n) => ({ url, n: from + n }));
    const insert = async (into: string, rows: readonly unknown[]): Promise<void> => {
      await connection.query(`INSERT INTO ${into} VALUES ?`, [rows]);
    };
    await insert(
      'Accountconfig (accountID, `account.sms.notifyOnDelivery`)',
      some.map(({ n }) => [FIRST_ACCOUNT + n, 'true']),
    );
    await insert(
      'Webhook (accountID, url, isDefault)',
      some.map(({ n, url }) => [FIRST_ACCOUNT + n, url, 1]),
    );
    await insert(
      'Flow (flowID, accountID, webhookEnabled)',
      some.map(({ n }) => [FIRST_FLOW + n, FIRST_ACCOUNT + n, 1]),
    );
  }
}
