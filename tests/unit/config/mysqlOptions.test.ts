import { generateKeyPairSync } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { loadAdminSettings, loadConfig } from '../../../config/loadConfig.ts';
import { configOf, problemsOf, required } from './loading.ts';

const [ca = '', cert = ''] = rootCertificates;
const { privateKey } = generateKeyPairSync('ed25519');
const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const files: Readonly<Record<string, string>> = {
  '/ca.pem': ca,
  '/cert.pem': cert,
  '/key.pem': key,
  '/nothing.pem': 'nothing',
};

function readFile(path: string): string {
  const text = files[path] ?? (path.endsWith('.sql') ? 'SELECT 1' : undefined);
  if (text === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' });
  return text;
}

/** The problems, or how TLS is used. */
function tlsOf(options: string, more: Readonly<Record<string, string>> = {}): string {
  const env = { ...required, MYSQL_URI: `mysql://u:s3cret@h/central?${options}`, ...more };
  const loaded = loadConfig(env, readFile);
  if (!loaded.ok) {
    return loaded.problems.map(({ variable, message }) => `${variable} ${message}`).join('\n');
  }
  const { tls } = loaded.config.mysql.server;
  return tls === null ? 'off' : tls.verify;
}

describe('TLS in a connection string', () => {
  it.each([
    ...['ssl-mode=REQUIRED', 'ssl_mode=required', 'sslmode=require', 'sslMode=Required'],
    ...['sslmode=PREFERRED', 'ssl-mode=prefer', 'ssl=true', 'ssl=1', 'ssl=required', 'useSSL=true'],
    ...['useSsl=true', 'requireSSL=true', 'require_ssl=true', 'useSSL=true&requireSSL=false'],
    ...['ssl={"rejectUnauthorized":false}', 'ssl=%7B%22rejectUnauthorized%22%3Afalse%7D'],
    ...['tls=skip-verify', 'tls=preferred', 'sslaccept=accept_invalid_certs', 'sslMode=trust'],
    ...['useSSL=true&trustServerCertificate=true', 'verifyServerCertificate=false'],
    ...['useSSL=true&verifyServerCertificate=false', 'ssl-mode=REQUIRED&ssl_verify_cert=false'],
    ...['SSL Mode=Required', 'ssl=on', 'enabledTLSProtocols=TLSv1.2,TLSv1.3'],
    'ssl[rejectUnauthorized]=false',
  ])('%s encrypts', (options) => {
    expect(tlsOf(options)).toBe('nothing');
  });

  it.each([
    ...['ssl-mode=VERIFY_CA', 'sslmode=verify-ca', 'SslMode=VerifyCA', 'ssl-mode=verify_ca'],
    ...['useSSL=true&verifyServerCertificate=true', 'ssl_verify_cert=true', 'verify_ca=true'],
    'ssl={"verifyIdentity":false}',
    'ssl-mode=VERIFY_CA&ssl-ca=/ca.pem',
    'ssl=true&ssl-ca=/ca.pem&disableSslHostnameVerification=true',
  ])('%s verifies the authority', (options) => {
    expect(tlsOf(options)).toBe('authority');
  });

  it.each([
    ...['ssl-mode=VERIFY_IDENTITY', 'sslMode=VERIFY_IDENTITY', 'sslmode=verify-full', 'tls=true'],
    ...['ssl={"rejectUnauthorized":true}', 'ssl={}', 'sslaccept=strict', 'ssl-mode=VerifyFull'],
    'ssl={"minVersion":"TLSv1.2","rejectUnauthorized":true}',
    ...['ssl-ca=/ca.pem', 'sslca=%2Fca.pem', 'ssl_ca=/ca.pem', 'ssl-ca=(/ca.pem)'],
    ...['ssl-mode=REQUIRED&ssl-ca=/ca.pem', 'serverSslCert=/ca.pem', 'sslrootcert=/ca.pem'],
    ...['ssl_verify_cert=true&ssl_verify_identity=true', 'ssl-verify-server-cert=true'],
    `ssl=${encodeURIComponent(JSON.stringify({ ca }))}`,
  ])('%s also verifies the name', (options) => {
    expect(tlsOf(options)).toBe('identity');
  });

  it.each(['', 'ssl-mode=DISABLED', 'sslmode=disable', 'ssl=false', 'useSSL=false', 'tls=false'])(
    '%j is none',
    (options) => {
      expect(tlsOf(options)).toBe('off');
    },
  );

  it.each([
    ['', /^identity$/],
    ['ssl-mode=REQUIRED', /^identity$/],
    ['ssl-mode=VERIFY_CA', /^authority$/],
    ['ssl-mode=DISABLED', /has ssl-mode, which contradicts MYSQL_CA_FILE/],
    ['tls=skip-verify', /has tls, which contradicts MYSQL_CA_FILE/],
  ])('%j beside MYSQL_CA_FILE', (options, expected) => {
    expect(tlsOf(options, { MYSQL_CA_FILE: '/ca.pem' })).toMatch(expected);
  });

  it('includes the certificates, the key and the version', () => {
    const uri = `mysql://h/central?ssl-ca=/ca.pem&ssl-cert=/cert.pem&ssl-key=/key.pem&tls-version=TLSv1.3`;
    const loaded = loadConfig({ ...required, MYSQL_URI: uri }, readFile);
    expect(loaded).toMatchObject({
      config: {
        mysql: {
          server: {
            tls: {
              ca: ca.trim(),
              client: { cert: cert.trim(), key: key.trim() },
              minVersion: 'TLSv1.3',
            },
          },
        },
      },
    });
  });
});

describe('an option that is not supported', () => {
  it.each([
    ['ssl-mode=SOMETIMES', /has ssl-mode with an unknown value/],
    ['ssl-mode=', /has ssl-mode without a value/],
    ['ssl', /has ssl without a value/],
    ['ssl=Amazon RDS', /has ssl with an unknown value/],
    ['ssl={"pfx":"x"}', /has ssl\.pfx, which is not supported/],
    ['ssl={"ca', /has ssl, which is not a JSON object/],
    ['tls=my-config', /has tls with an unknown value/],
    ['ssl-mode=DISABLED&tls=true', /has tls and ssl-mode, which contradict each other/],
    ['ssl-mode=VERIFY_CA&verifyServerCertificate=false', /ssl-mode and verifyServerCertificate/],
    [
      'ssl-ca=/not-there.pem',
      /has an invalid ssl-ca: it names "\/not-there\.pem", which can't be read/,
    ],
    [
      'ssl-ca=/nothing.pem',
      /has an invalid ssl-ca: it names "\/nothing\.pem", which is not usable PEM/,
    ],
    ['ssl-cert=/cert.pem', /has only ssl-cert/],
    ['ssl-capath=/etc', /has ssl-capath, which is not supported/],
    ['trustCertificateKeyStoreUrl=file:x', /which is not supported \(use PEM/],
    ['sslFancy=1', /has sslFancy, which is not supported \(for TLS write ssl-mode/],
    ['tls-version=TLSv1.1', /has tls-version without TLSv1\.2/],
    ['multipleStatements=true', /has multipleStatements, which cannot be changed/],
    ['timezone=Z', /has timezone/],
    ['dateStrings=true', /has dateStrings/],
    ['rowsAsArray=false', /has rowsAsArray/],
    ['typeCast=false', /has typeCast/],
    ['nestTables=true', /has nestTables/],
    ['flags=-FOUND_ROWS', /has flags/],
    ['bigNumberStrings=true', /has bigNumberStrings/],
    ['compress=true', /has compress/],
    ['connectionLimit=10', /has connectionLimit, which is not supported \(use MYSQL_POOL_SIZE\)/],
    ['connect_timeout=10', /has connect_timeout, which is not supported \(MYSQL_TIMEOUT limits/],
    ['user=root&password=s3cret', /has user, which belongs before the \?/],
    ['charset=latin1', /has charset other than utf8mb4/],
    ['serverTimezone=UTC', /has serverTimezone, which is not supported \(remove it\)/],
    ['parseTime=true', /has parseTime, which is not supported/],
    ['__proto__=1', /has an option with an invalid name/],
    ['constructor=1', /has constructor, which is not supported/],
    ['allowPublicKeyRetrieval=false', /has allowPublicKeyRetrieval with an unsupported value/],
    ['enableCleartextPlugin=true', /sends the password as plain text over an unencrypted/],
  ])('is refused by name: %s', (options, says) => {
    const found = tlsOf(options);
    expect(found).toMatch(says);
    expect(found).not.toContain('s3cret');
  });

  it('is reported with all others', () => {
    expect(tlsOf('parseTime=true&loc=UTC&ssl-mode=X')).toMatch(/parseTime.*loc.*ssl-mode/);
  });

  it('is also refused in MYSQL_ADMIN_URI', () => {
    const MYSQL_ADMIN_URI = 'mysql://h/central?ssl-mode=REQUIRED&loc=UTC';
    expect(problemsOf({ ...required, MYSQL_ADMIN_URI })).toMatchObject([
      { variable: 'MYSQL_ADMIN_URI', message: expect.stringContaining('has loc') },
    ]);
    expect(loadAdminSettings({ MYSQL_ADMIN_URI })).toMatchObject({
      ok: false,
      problems: [{ variable: 'MYSQL_ADMIN_URI' }],
    });
  });
});

describe('an option that states what applies anyway', () => {
  it.each([
    ...['reconnect=true', 'autoReconnect=true', 'allowPublicKeyRetrieval=true'],
    ...['useUnicode=true&characterEncoding=UTF-8', 'charset=utf8mb4', 'charset=utf8mb4_bin'],
    ...['socketPath=/run/mysqld.sock', 'ssl=true&enableCleartextPlugin=true'],
  ])('%s is accepted', (options) => {
    const { server } = configOf({ ...required, MYSQL_URI: `mysql://h/central?${options}` }).mysql;
    expect(server.host).toBe('h');
  });
});
