import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createRouteQuery, type RouteQuery } from '../../../src/mysql/routeQuery.ts';
import { loadSchema, mysqlConnectionFor, startMysql } from '../../support/servers.ts';
import { configPath, configQuery, never, useMysqlClients } from './routeFixture.ts';

const clientFor = useMysqlClients();
let folder: string;
let server: Awaited<ReturnType<typeof startMysql>>;

/** Self-signed, so each is its own CA. */
async function createCertificate(name: string, altNames: string): Promise<string> {
  await promisify(execFile)(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`],
      ...['-addext', `subjectAltName=${altNames}`],
      ...['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)],
    ],
    { timeout: 30_000 },
  );
  return await readFile(join(folder, `${name}.pem`), 'utf8');
}

let ca: string;
let otherCa: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-tls-'));
  ca = await createCertificate('server', 'DNS:localhost,IP:127.0.0.1');
  otherCa = await createCertificate('other', 'DNS:localhost');
  const file = join(folder, 'server');
  server = await startMysql({ args: [`--ssl-cert=${file}.pem`, `--ssl-key=${file}.key`] });
  await loadSchema(server.uri, configPath('central-schema.sql'));
  const mysql = await mysqlConnectionFor(server.uri);
  await mysql.query('CREATE USER careful REQUIRE SSL; GRANT SELECT ON central.* TO careful');
  await mysql.end();
}, 60_000);

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function queryOver(host: string, caOfServer?: string): RouteQuery {
  const uri = server.uri.replace('root@127.0.0.1', `careful@${host}`);
  return createRouteQuery({
    client: clientFor(uri, { ca: caOfServer }),
    ...configQuery('route.sql'),
  });
}

it.each(['localhost', '127.0.0.1'])('encrypts the connection to %s', async (host) => {
  await expect(queryOver(host, ca).check(never)).resolves.toBeUndefined();
});

it('refuses a server whose certificate another CA signed', async () => {
  await expect(queryOver('localhost', otherCa).check(never)).rejects.toMatchObject({
    kind: 'denied',
    code: 'HANDSHAKE_SSL_ERROR',
  });
});

it('is denied where the user needs encryption and there is none', async () => {
  await expect(queryOver('localhost').check(never)).rejects.toMatchObject({ kind: 'denied' });
});
