import { copyFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { cliWith } from '../support/cli.ts';
import { loadSchema, mysqlConnectionFor, startMysql, useServers } from '../support/servers.ts';
import { configPath } from '../integration/mysql/routeFixture.ts';

/** Options in MYSQL_URI that the driver passed over: the connection was in the clear, and nothing said so. */

const servers = useServers(import.meta.url);
type Mysql = Awaited<ReturnType<typeof startMysql>>;
let authority: Authority;
let withTls: Mysql;
let withoutTls: Mysql;

beforeAll(async () => {
  authority = await createAuthority();
  const { certPath, keyPath } = await authority.issue('DNS:localhost,IP:127.0.0.1');
  withTls = await startMysql({ args: [`--ssl-cert=${certPath}`, `--ssl-key=${keyPath}`] });
  withoutTls = await startMysql({ args: ['--skip-ssl'] });
  for (const { uri } of [withTls, withoutTls]) {
    await loadSchema(uri, configPath('central-schema.sql'));
  }
  const mysql = await mysqlConnectionFor(withTls.uri);
  await mysql.query('CREATE USER careful REQUIRE SSL; GRANT ALL ON central.* TO careful');
  await mysql.end();
}, 120_000);
afterAll(async () => {
  await withTls.close();
  await withoutTls.close();
  await authority.close();
});

/** What `check` says of MySQL, or of the settings. */
async function checked(
  uri: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<string, string>>> {
  const { mongodbUri, database } = servers();
  const settings = { MONGODB_URI: mongodbUri, MONGODB_DATABASE: database, MYSQL_URI: uri, ...more };
  const { findings } = (await cliWith(settings, 'check', '--json')).json() as {
    findings: readonly Readonly<Record<string, string>>[];
  };
  const of = (check: string) => findings.find((finding) => finding['check'] === check);
  return of('mysql') ?? of('settings') ?? {};
}

const ofCareful = (): string => withTls.uri.replace('root@', 'careful@');
const ok = (detail: RegExp) => ({ status: 'ok', detail: expect.stringMatching(detail) });
const failed = (detail: RegExp) => ({ status: 'failed', detail: expect.stringMatching(detail) });

describe('TLS that the connection string asks for', () => {
  it.each([
    ...['ssl-mode=REQUIRED', 'sslmode=require', 'ssl_mode=PREFERRED', 'ssl=true', 'useSSL=true'],
    ...['requireSSL=true', 'tls=skip-verify', 'ssl={"rejectUnauthorized":false}'],
    ...['sslaccept=accept_invalid_certs', 'useSSL=true&verifyServerCertificate=false'],
  ])('%s encrypts', async (options) => {
    expect(await checked(`${ofCareful()}?${options}`)).toMatchObject(
      ok(/over TLS \(TLS_\w+; its certificate is not verified\)$/),
    );
  });

  it.each(['ssl-mode=VERIFY_IDENTITY', 'sslmode=verify-full', 'ssl-ca='])(
    '%s verifies by the authority that is named',
    async (options) => {
      const caPath = encodeURIComponent(authority.caPath);
      const all = options === 'ssl-ca=' ? `ssl-ca=${caPath}` : `${options}&ssl-ca=${caPath}`;
      expect(await checked(`${ofCareful()}?${all}`)).toMatchObject(
        ok(/its certificate is verified/),
      );
    },
  );

  it.each([
    ...['ssl-mode=VERIFY_IDENTITY', 'ssl-mode=VERIFY_CA', 'tls=true', 'sslaccept=strict'],
    'ssl={"rejectUnauthorized":true}',
  ])('%s refuses an authority that nobody knows', async (options) => {
    expect(await checked(`${ofCareful()}?${options}`)).toMatchObject(
      failed(/^MySQL refuses: .*certificate.*MYSQL_CA_FILE/),
    );
  });

  it.each(['ssl-mode=REQUIRED', 'ssl-mode=PREFERRED', 'tls=true', 'ssl={}', 'requireSSL=true'])(
    '%s is refused where the server offers none',
    async (options) => {
      expect(await checked(`${withoutTls.uri}?${options}`)).toMatchObject(
        failed(/does not support secure connection.*ssl-mode=DISABLED/),
      );
    },
  );

  it('is refused as well for MYSQL_CA_FILE', async () => {
    const more = { MYSQL_CA_FILE: authority.caPath };
    expect(await checked(withoutTls.uri, more)).toMatchObject(failed(/ssl-mode=DISABLED/));
    expect(await checked(withTls.uri, more)).toMatchObject(ok(/its certificate is verified/));
    expect(await checked(`${withTls.uri}?ssl-mode=DISABLED`, more)).toMatchObject(
      failed(/contradicts MYSQL_CA_FILE/),
    );
  });

  it('is not there where it says so, or nothing', async () => {
    for (const options of ['', '?ssl-mode=DISABLED', '?useSSL=false']) {
      expect(await checked(withTls.uri + options)).toMatchObject(ok(/, unencrypted$/));
    }
  });
});

describe('the name in the certificate', () => {
  async function checkedWith(altNames: string, host: string, options = ''): Promise<unknown> {
    const { certPath, keyPath } = await authority.issue(altNames);
    const mysql = await mysqlConnectionFor(withTls.uri);
    // Its files are read again.
    const [rows] = await mysql.query("SHOW VARIABLES LIKE 'ssl_cert'");
    const [{ Value: path = '' } = {}] = rows as { Value?: string }[];
    await copyFile(certPath, path);
    await copyFile(keyPath, path.replace(/crt$/, 'key'));
    await mysql.query('FLUSH SSL');
    await mysql.end();
    const uri = ofCareful().replace('127.0.0.1', host);
    return await checked(uri + options, { MYSQL_CA_FILE: authority.caPath });
  }

  it.each([
    ['DNS:localhost', 'localhost', ok(/is verified/)],
    ['IP:127.0.0.1', '127.0.0.1', ok(/is verified/)],
    ['DNS:db.example', 'localhost', failed(/altnames.*ssl-mode=VERIFY_CA/)],
    // By the driver alone an address is held against "localhost".
    ['DNS:localhost', '127.0.0.1', failed(/altnames.*ssl-mode=VERIFY_CA/)],
  ])('%s for %s', async (altNames, host, expected) => {
    expect(await checkedWith(altNames, host)).toMatchObject(expected);
  });

  it('does not matter with VERIFY_CA', async () => {
    expect(await checkedWith('DNS:db.example', 'localhost', '?ssl-mode=VERIFY_CA')).toMatchObject(
      ok(/the CA of its certificate is verified/),
    );
  });
});

describe('an unsupported option', () => {
  it.each(['parseTime=true', 'multipleStatements=true', 'sslmod=REQUIRED', 'timezone=Z'])(
    '%s is refused by name',
    async (options) => {
      const name = options.split('=', 1)[0] ?? '';
      expect(await checked(`${withTls.uri}?${options}`)).toMatchObject(
        failed(new RegExp(`^MYSQL_URI has ${name}, which`)),
      );
    },
  );

  it('is refused by setup too, as is a server without TLS', async () => {
    const setup = async (uri: string) =>
      await cliWith({ MYSQL_ADMIN_URI: uri }, 'setup', 'account', '28', '--enable');
    expect(await setup(`${withTls.uri}?loc=UTC`)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/MYSQL_ADMIN_URI has loc, which is not supported/),
    });
    expect(await setup(`${withoutTls.uri}?ssl-mode=REQUIRED`)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/MYSQL_ADMIN_URI: MySQL refuses: .*ssl-mode=DISABLED/),
    });
    expect(await setup(`${ofCareful()}?ssl-mode=REQUIRED`)).toMatchObject({ code: 0, stderr: '' });
  });
});
