import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startConsole, type ConsoleProcess } from '../../scripts/harness/consoleProcess.ts';
import { openCentralDatabase } from '../../scripts/harness/centralDatabase.ts';
import { fillScale, FIRST_ACCOUNT, scale } from '../support/console/fillScale.ts';
import { usePrivateReplicaSet } from '../support/mongoReplicaSet.ts';
import { useServers } from '../support/servers.ts';

// `TEST_SCALE=1 npm run test:console -- scale`: minutes, and some gigabytes of disk.

const ROUNDS = 20;
const MINUTES = 60_000;

const mysql = useServers(import.meta.url);
const mongo = usePrivateReplicaSet({ cacheGb: 1, args: ['--oplogSize=512'] });
let console_: ConsoleProcess;
let origin = '';

beforeAll(async () => {
  const db = mongo().admin.db('central');
  const beganAt = performance.now();
  await fillScale(db);
  const seconds = Math.round((performance.now() - beganAt) / 1_000);
  console.log(
    `${scale.sms} SMS and ${scale.sms * scale.statuses} ended notifications: ${seconds} s`,
  );
  const { mysqlUri } = mysql();
  const central = await openCentralDatabase(mysqlUri);
  await central.optIn(FIRST_ACCOUNT, 5_000, { url: 'https://customer.example/hooks/1' });
  await central.close();
  console_ = startConsole({
    MONGODB_URI: mongo().uri,
    MYSQL_URI: mysqlUri,
    MYSQL_ADMIN_URI: mysqlUri,
    CONSOLE_PROXY_CIDRS: '127.0.0.0/8',
  });
  origin = await console_.origin();
}, 60 * MINUTES);

afterAll(async () => {
  await console_.stop();
});

/** Collections of which there is so much that none may be read as a whole. */
const large = /\.(?:SMSDetailDocument|notify_on_delivery_(?:sent|retries|endpoint_stats))$/;

it(
  'no page reads a large collection as a whole',
  async () => {
    const db = mongo().admin.db('central');
    const [sms] = await db.collection('SMSDetailDocument').find().skip(1_000).limit(1).toArray();
    if (sms === undefined) throw new Error('there are no SMS');
    const day = (sms['sendTime'] as Date).toISOString().slice(0, 10);
    const account = `/accounts/${FIRST_ACCOUNT}`;
    const paths = [
      '/',
      '/overview/live',
      '/overview/hours?hours=168',
      `/find?q=${String(sms['phononUuid'])}`,
      `/find?q=${String(sms['to'])}&on=${day}`,
      `/find?q=${String(sms._id)}`,
      '/find?q=no-such-sms',
      `/sms/${String(sms._id)}`,
      '/accounts',
      account,
      `${account}?state=failed`,
      `${account}?state=waiting`,
      `${account}/statistics?hours=168`,
      '/endpoints',
    ];
    await db.createCollection('system.profile', { capped: true, size: 64 * 1024 * 1024 });
    await db.command({ profile: 2 });
    const rows: string[] = [];
    for (const path of paths) {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) times.push(await ask(path));
      const sorted = times.toSorted((one, other) => one - other);
      const [median = 0, slowest = 0] = [sorted[ROUNDS / 2], sorted.at(-1)];
      rows.push(`${median.toFixed(0).padStart(6)} ${slowest.toFixed(0).padStart(6)}  ${path}`);
    }
    await db.command({ profile: 0 });
    console.log(['median slowest (ms)', ...rows].join('\n'));
    const profile = db.collection('system.profile');
    const asked = await profile.find({ op: { $in: ['query', 'command', 'getmore'] } }).toArray();
    const scans = asked.filter(
      (each) => large.test(String(each['ns'])) && /COLLSCAN/.test(String(each['planSummary'])),
    );
    expect(scans.map((each) => [each['ns'], each['command'] as unknown])).toEqual([]);
    expect(asked.length).toBeGreaterThan(ROUNDS);
    const examined = asked.filter((each) => large.test(String(each['ns'])));
    const most = Math.max(...examined.map((each) => Number(each['docsExamined'] ?? 0)));
    console.log(`most documents of a large collection read for one query: ${most}`);
  },
  30 * MINUTES,
);

/** As somebody whom a proxy has let in; how long the page took, in milliseconds. */
async function ask(path: string): Promise<number> {
  const beganAt = performance.now();
  const headers = { 'x-forwarded-user': 'scale', 'x-forwarded-groups': 'editor' };
  const answer = await fetch(`${origin}${path}`, { headers });
  await answer.text();
  expect(answer.status).toBeLessThan(500);
  return performance.now() - beganAt;
}
