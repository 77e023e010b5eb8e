import { createPrivateKey, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import type { MysqlOptions, PemSource } from './mysqlOptions.ts';
import { succeeds } from './parsers.ts';
import { readTextFile, refused, showValue } from './reading.ts';
import type { ReadFile, Reading, TextFile } from './reading.ts';
import { combineTls } from './tlsDemands.ts';
import type { MysqlAccount, MysqlUri } from './uris.ts';

/** The address and login of a MySQL server: a connection string with the content of its files. */
export type MysqlServer = MysqlAccount &
  Pick<MysqlOptions, 'socketPath' | 'charset' | 'sendsPasswordPlain'> & {
    /** Null: not encrypted. */
    readonly tls: MysqlTls | null;
  };

interface MysqlTls extends Pick<MysqlOptions, 'minVersion'> {
  /** What is verified of the server's certificate: nothing, its authority, or also the host name. */
  readonly verify: 'nothing' | 'authority' | 'identity';
  /** PEM of the trusted authorities; null for the ones built into Node. */
  readonly ca: string | null;
  /** PEM of the client certificate and its key; null for none. */
  readonly client: { readonly cert: string; readonly key: string } | null;
}

interface Context {
  /** The setting that holds the connection string. */
  readonly variable: string;
  /** MYSQL_CA_FILE, which applies to every connection string that names no authorities itself. */
  readonly ca: TextFile | null;
  readonly readFile: ReadFile;
}

const CA = 'MYSQL_CA_FILE';

/** Reads the files that a connection string names, and decides how the connection is encrypted. */
export function toMysqlServer(
  { account, options }: MysqlUri,
  context: Context,
): Reading<MysqlServer> {
  const own = readPem(options.ca, isCertificate, context);
  const cert = readPem(options.cert, isCertificate, context);
  const key = readPem(options.key, isKey, context);
  if (!own.ok) return own;
  if (!cert.ok) return cert;
  if (!key.ok) return key;
  const { variable, ca: caFile } = context;
  const ca = own.value ?? caFile?.text ?? null;
  const fromFile = own.value === null && caFile !== null;
  const combined = combineTls(
    fromFile ? [...options.demands, { option: CA, atLeast: 'authority' }] : options.demands,
    { hasAuthorities: ca !== null },
  );
  if ('contradiction' in combined) {
    const [first, second] = combined.contradiction;
    const message =
      first === CA
        ? `has ${second}, which contradicts ${CA}`
        : `has ${first} and ${second}, which contradict each other`;
    return refused({ variable, message, remedy: 'keep only one of them' });
  }
  const { level } = combined;
  const { socketPath, charset, sendsPasswordPlain, minVersion } = options;
  if (sendsPasswordPlain && level === 'off' && socketPath === null) {
    const message = 'sends the password as plain text over an unencrypted connection';
    return refused({ variable, message, remedy: 'add ssl-mode=VERIFY_IDENTITY' });
  }
  const client =
    cert.value === null || key.value === null ? null : { cert: cert.value, key: key.value };
  const tls: MysqlTls | null =
    level === 'off'
      ? null
      : { verify: level === 'encrypt' ? 'nothing' : level, ca, client, minVersion };
  return { ok: true, value: { ...account, socketPath, charset, sendsPasswordPlain, tls } };
}

export const isCertificate = (text: string): boolean => succeeds(() => new X509Certificate(text));
const isKey = (text: string): boolean => succeeds(() => createPrivateKey(text));

function readPem(
  source: PemSource | null,
  isUsable: (text: string) => boolean,
  { variable, readFile }: Context,
): Reading<string | null> {
  if (source === null) return { ok: true, value: null };
  const { option, value } = source;
  const path = value.includes('-----BEGIN ') ? null : resolve(value);
  const found: Reading<string> =
    path === null ? { ok: true, value } : readTextFile(variable, path, readFile);
  if (!found.ok) {
    return refused({
      ...found.problem,
      message: `has an invalid ${option}: it ${found.problem.message}`,
    });
  }
  if (isUsable(found.value)) return found;
  const where = path === null ? '' : `names ${showValue(path)}, which `;
  const message = `has an invalid ${option}: it ${where}is not usable PEM`;
  return refused({
    variable,
    message,
    remedy: 'use a PEM certificate, or a PEM key without a passphrase',
  });
}
