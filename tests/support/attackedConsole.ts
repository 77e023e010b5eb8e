import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import {
  openCentralDatabase,
  type CentralDatabase,
} from '../../scripts/harness/centralDatabase.ts';
import { newSms, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { packageRoot } from '../../config/packageRoot.ts';
import { page } from '../../src/console/components/frame.tsx';
import type { Route } from '../../src/console/context.ts';
import { readForm, readQuery } from '../../src/console/form.ts';
import { redirectWith } from '../../src/console/notice.ts';
import { routes as allRoutes } from '../../src/console/routes.ts';
import { Refused } from '../../src/support/session.ts';
import { startConsole, throughProxy, type ConsoleUnderTest } from './consoleUnderTest.ts';
import { useServers, type TestServers } from './servers.ts';

/** What a customer or a receiver may have written anywhere. */
export const script = `"'></pre><script>alert(1)</script><img src=x onerror=alert(1)>`;
/** The SMS, account, flow and phone number of the texts. */
export const hostile = {
  id: `sms-${script}`,
  account: 28,
  flow: 200,
  number: '919876543210',
  phononUuid: 'bd706f90-aa14-47ea-9844-3d1e1123f4ee',
} as const;
/** Only somebody who asks for account 29 or its SMS may see this. */
export const ofAnother = 'belongs-to-account-29';

/** Stand for pages and acts that show what they are given, so that a suite without pages tests something. */
const probes: readonly Route[] = [
  {
    method: 'GET',
    path: '/probe/:id',
    role: 'viewer',
    async handle(request) {
      const children = `${request.req.param('id') ?? ''} ${readQuery(request).text('probe')}`;
      return await page(request, { title: children, children });
    },
  },
  {
    method: 'POST',
    path: '/probe/:id',
    role: 'support',
    async handle(request) {
      const text = (await readForm(request)).text('probe');
      return await redirectWith(request, '/probe/1', `Notice of ${text}`);
    },
  },
  {
    method: 'POST',
    path: '/probe-refused',
    role: 'editor',
    handle: async (request) => {
      throw new Refused(`It is not possible: ${(await readForm(request)).text('probe')}`);
    },
  },
];

/** Every route there is. */
export const routes: readonly Route[] = [...allRoutes, ...probes];

/** A path of the route, with this in the place of each of its parameters. */
export function pathOf({ path }: Pick<Route, 'path'>, value: string): string {
  return path.replaceAll(/:\w+(?:\{[^}]*\})?\??/g, value);
}

/** The names of all fields and parameters that any page reads, as its source says. */
export function fieldNames(): readonly string[] {
  const folder = join(packageRoot(), 'src/console');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  const reads =
    /(?:\.(?:text|required|id|lines|has|query)\(\s*|\bname=\{?)["'](?<name>[\w-]+)["']/g;
  const names = sources.flatMap((source) =>
    [...source.matchAll(reads)].map(({ groups }) => groups?.['name'] ?? ''),
  );
  return [...new Set([...names, 'probe'])].toSorted();
}

export interface AttackedConsole {
  readonly servers: TestServers;
  readonly served: ConsoleUnderTest;
}

/** All routes over real servers, in which every text is hostile. Its proxy is this machine. */
export function useAttackedConsole(testFile: string): () => AttackedConsole {
  const servers = useServers(testFile);
  let central: CentralDatabase | null = null;
  let served: ConsoleUnderTest | null = null;
  beforeAll(async () => {
    const { mongodbUri, mysqlUri, database } = servers();
    central = await openCentralDatabase(mysqlUri);
    await seedCentral(central);
    await seedSms(servers());
    const settings = {
      ...throughProxy,
      MONGODB_URI: mongodbUri,
      MYSQL_URI: mysqlUri,
      MYSQL_ADMIN_URI: mysqlUri,
      MONGODB_DATABASE: database,
    };
    served = await startConsole({ settings, routes });
  });
  afterAll(async () => {
    await served?.close();
    await central?.close();
  });
  return () => {
    if (served === null) throw new Error('the console is there from the first beforeAll on');
    return { servers: servers(), served };
  };
}

async function seedCentral({ connection, optIn }: CentralDatabase): Promise<void> {
  // An address that is never called.
  const url = `http://10.9.8.7/"><script>alert(1)</script>?token=${script}`;
  await optIn(hostile.account, hostile.flow, { url, headers: { 'x-text': script } });
  await optIn(29, 290, { url: `http://10.9.8.7/${ofAnother}` });
  await connection.query('UPDATE Flow SET name = ? WHERE flowID = ?', [script, hostile.flow]);
  await connection.query('UPDATE Webhook SET name = ? WHERE accountID = ?', [
    script.slice(0, 190),
    hostile.account,
  ]);
  await connection.query('UPDATE Webhook SET name = ? WHERE accountID = 29', [ofAnother]);
}

async function seedSms({ db }: TestServers): Promise<void> {
  const sms = db.collection<SmsDocument>('SMSDetailDocument');
  await sms.createIndex({ phononUuid: 1 });
  await sms.createIndex({ to: 1 });
  const recordOf = (text: string) => ({
    state: 'failed',
    reason: 'attempts_exhausted',
    deliveryStatus: text,
    statusAt: new Date(),
    notificationId: text,
    webhookId: text,
    url: `https://customer.invalid/${text}`,
    attempts: 2,
    statusCode: 500,
    response: text,
    firstAttemptAt: new Date(),
    lastAttemptAt: new Date(),
    durationMs: 12,
    history: [{ at: new Date(), statusCode: 500, error: text, durationMs: 3 }],
  });
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
