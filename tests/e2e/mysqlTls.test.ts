import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { openCentralDatabase } from '../../scripts/harness/centralDatabase.ts';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { mysqlConnectionFor, startMysql } from '../support/servers.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
let authority: Authority;
let server: Awaited<ReturnType<typeof startMysql>>;

beforeAll(async () => {
  authority = await createAuthority();
  const { certPath, keyPath } = await authority.issue('IP:127.0.0.1');
  server = await startMysql({ args: [`--ssl-cert=${certPath}`, `--ssl-key=${keyPath}`] });
  const central = await openCentralDatabase(server.uri);
  await central.optIn(28, 200, { url: e2e().receiver.url('/tls') });
  await central.close();
  const mysql = await mysqlConnectionFor(server.uri);
  await mysql.query('CREATE USER careful REQUIRE SSL; GRANT SELECT ON central.* TO careful');
  await mysql.end();
}, 120_000);
afterAll(async () => {
  await server.close();
  await authority.close();
});

const careful = (options: string): string =>
  `${server.uri.replace('root@', 'careful@')}?${options}`;

it('a worker works over TLS where its connection string asks for it', async () => {
  const worker = await e2e().worker({ MYSQL_URI: careful('ssl-mode=REQUIRED') });
  await e2e().sms.insertOne(newSms({ accountID: 28, flowId: 200, deliveryStatus: 'SENT' }));
  await until('the status is notified', () => e2e().receiver.requests('/tls').length === 1);
  expect(await worker.stop()).toMatchObject({ code: 0 });
});

it.each([
  ['ssl-mode=VERIFY_IDENTITY', /MYSQL_CA_FILE/],
  ['tls=true', /MYSQL_CA_FILE/],
])('a worker ends with 78 where the certificate cannot be verified: %s', async (options, says) => {
  const worker = e2e().startWorker({ MYSQL_URI: careful(options) });
  const { error } = (await worker.line('start_failed')) as { error?: unknown };
  expect(JSON.stringify(error)).toMatch(says);
  expect(await worker.exit).toMatchObject({ code: 78 });
});

it('a worker ends with 78 where the server offers no TLS', async () => {
  const plain = await startMysql({ args: ['--skip-ssl'] });
  await using _closing = { [Symbol.asyncDispose]: async () => await plain.close() };
  const worker = e2e().startWorker({ MYSQL_URI: `${plain.uri}?ssl-mode=REQUIRED` });
  const { error } = (await worker.line('start_failed')) as { error?: unknown };
  expect(JSON.stringify(error)).toMatch(/does not support secure connection.*ssl-mode=DISABLED/);
  expect(await worker.exit).toMatchObject({ code: 78 });
});

it('a worker ends with 78 for an option that is not understood', async () => {
  const worker = e2e().startWorker({ MYSQL_URI: careful('parseTime=true') });
  expect(await worker.exit).toMatchObject({ code: 78 });
});
