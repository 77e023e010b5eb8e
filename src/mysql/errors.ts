import { toError } from '../runtime/errors.ts';

/**
 * What an error of the route query means for its caller:
 * - unavailable: the server is unreachable, overloaded or stopping; the same query will succeed later
 * - schema: the query does not match the database; someone must change one of them
 * - denied: the user in the connection string lacks a privilege; someone must grant it
 * - key: most likely only this account or flow is affected
 *
 * Whether an error affects other keys too is found out with another query, see `outageGate.ts`.
 */
export type RouteErrorKind = 'unavailable' | 'schema' | 'denied' | 'key';

/** The message is one sentence fit for a log: no stored values, no passwords. */
export class RouteQueryError extends Error {
  override readonly name = 'RouteQueryError';
  readonly kind: RouteErrorKind;
  /** The server's or the driver's name for it, or one of ours. */
  readonly code: string;

  constructor(kind: RouteErrorKind, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.code = code;
  }
}

/**
 * Server errors that SQLSTATE alone would put in the wrong place. By number: the names differ between
 * MySQL and MariaDB, the messages also by language.
 */
const serverErrors: Readonly<Record<Exclude<RouteErrorKind, 'key'>, readonly number[]>> = {
  unavailable: [
    // No room: connections (in all, per user, per hour), blocked host, threads, prepared statements.
    ...[1040, 1203, 1226, 1129, 1135, 1461],
    // No memory, no disk, storage engine trouble, tables that are being changed or repaired.
    ...[1021, 1030, 1037, 1038, 1041, 1114, 1194, 1195, 1412, 1815],
    // Locks: wait timeout, lock table full, deadlock.
    ...[1205, 1206, 1213],
    // Killed or out of time: query (both brands' limits), session, connection.
    ...[1317, 1969, 3024, 1927, 3169, 1152, 1184, 4031],
    // Shutting down or starting up.
    ...[1053, 1077, 1078, 1079, 3168],
    // The network, as the server or a proxy saw it, and a proxy that found no server.
    ...[1158, 1159, 1160, 1161, 2002, 2003, 2006, 2013, 9001],
    // Failing over: read-only, or offline.
    ...[1290, 1792, 1836, 3032],
    // The prepared statement was lost, as when a proxy switched servers. A new connection has its own.
    ...[1243, 1615],
  ],
  denied: [
    // User or password; database, table, column, routine; privilege in general.
    ...[1045, 1698, 1044, 1142, 1143, 1370, 1227],
    // Host not allowed, password expired, account locked (each brand's), TLS required.
    ...[1130, 1820, 1862, 3118, 4151, 3159],
  ],
  schema: [
    // Unknown or missing database, table, column, function, view target.
    ...[1046, 1049, 1051, 1054, 1109, 1146, 1305, 1356, 1449, 1630],
    // Syntax, ambiguity, grouping, number of columns, unknown variable, not supported (prepared).
    ...[
      1052, 1055, 1056, 1060, 1064, 1065, 1066, 1111, 1140, 1149, 1193, 1222, 1235, 1241, 1247,
      1248, 1295,
    ],
    // Unknown collation or character set, mixed collations, unknown index, parameters of a function.
    ...[1115, 1253, 1267, 1270, 1271, 1273, 1176, 1318, 1582, 1583, 1584],
  ],
};

const kindByNumber = new Map(
  (['unavailable', 'denied', 'schema'] as const).flatMap((kind) =>
    serverErrors[kind].map((number) => [number, kind] as const),
  ),
);

/** The driver's own: authentication that can't succeed before someone changes the account. */
const deniedDriverCodes = new Set(['AUTH_SWITCH_PLUGIN_ERROR', 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED']);

const advice: Readonly<Record<number, string>> = {
  1044: 'grant SELECT on the tables of the route query',
  1045: 'check the user and password in the connection string',
  1142: 'grant SELECT on that table',
  1143: 'grant SELECT on that column',
  1370: 'grant EXECUTE on that function',
  1698: 'check the user and password in the connection string',
};

interface DriverError extends Error {
  readonly code?: unknown;
  readonly errno?: unknown;
  /** Only on what the server itself answered. */
  readonly sqlState?: unknown;
  readonly fatal?: unknown;
}

/** @param file the route query's, to name it */
export function toRouteQueryError(thrown: unknown, file: string): RouteQueryError {
  if (thrown instanceof RouteQueryError) return thrown;
  const error: DriverError = toError(thrown);
  const kind = kindOf(error);
  const code = codeOf(error);
  // A server's message about data quotes the data; the other kinds' name users and tables.
  if (kind === 'key') {
    return new RouteQueryError(kind, code, `MySQL cannot answer ${file} for this key: ${code}`);
  }
  const known = typeof error.errno === 'number' ? advice[error.errno] : undefined;
  const hint = known ?? tlsRemedy(error) ?? undefined;
  const sentence = {
    unavailable: `MySQL does not answer: ${said(error)}`,
    schema: `${file} does not fit the database: ${said(error)}`,
    denied: `MySQL refuses: ${said(error)}${hint === undefined ? '' : `; ${hint}`}`,
  }[kind];
  return new RouteQueryError(kind, code, sentence, { cause: error });
}

/** For a query without a key: no key, and no data of one, can be the cause of the error. */
export function toCheckError(thrown: unknown, file: string): RouteQueryError {
  const error = toRouteQueryError(thrown, file);
  if (error.kind !== 'key' || thrown instanceof RouteQueryError) return error;
  const sentence = `MySQL answers ${file} with an error: ${said(toError(thrown))}`;
  return new RouteQueryError('unavailable', error.code, sentence, { cause: thrown });
}

function said(error: DriverError): string {
  const code = codeOf(error);
  return error.message === '' ? code : `${error.message} (${code})`;
}

/** The driver has no name for numbers it does not know. */
function codeOf({ code, errno, name }: DriverError): string {
  if (typeof code === 'string') return code;
  return typeof errno === 'number' ? `ER_${errno}` : name;
}

function kindOf(error: DriverError): RouteErrorKind {
  if (typeof error.sqlState === 'string') return kindOfServerError(error.errno, error.sqlState);
  if (typeof error.code === 'string' && deniedDriverCodes.has(error.code)) return 'denied';
  if (tlsRemedy(error) !== null) return 'denied';
  if (error.fatal === true) return 'unavailable';
  // Thrown while a value was being encoded.
  return error instanceof TypeError || error instanceof RangeError ? 'key' : 'unavailable';
}

/** An error that neither the table nor SQLSTATE classifies is not a configuration error: proxies and engines have their own. */
function kindOfServerError(errno: unknown, sqlState: string): RouteErrorKind {
  const known = typeof errno === 'number' ? kindByNumber.get(errno) : undefined;
  if (known !== undefined) return known;
  if (sqlState.startsWith('08')) return 'unavailable';
  return sqlState.startsWith('28') ? 'denied' : 'key';
}

/** The driver's codes. The second replaces OpenSSL's own code, whatever was wrong. */
const NOT_OFFERED = 'HANDSHAKE_NO_SSL_SUPPORT';
const HANDSHAKE_FAILED = 'HANDSHAKE_SSL_ERROR';

/**
 * OpenSSL's messages about a certificate that waiting does not fix. Not that it has expired, or is not valid yet: that
 * is fixed at the server, or by the clock, without a change of configuration here.
 */
const untrusted =
  /self.signed certificate|issuer certificate|verify the first certificate|certificate (?:not trusted|rejected|signature failure)|unsupported certificate purpose|invalid CA certificate/;

interface TlsError extends Error {
  readonly code?: unknown;
  /** Of a certificate that is for another host. */
  readonly host?: unknown;
  readonly cert?: unknown;
}

/** What to do about a connection that can never be encrypted as configured; null for other errors. */
function tlsRemedy(error: TlsError): string | null {
  if (error.code === NOT_OFFERED) {
    return 'the connection string or MYSQL_CA_FILE asks for TLS: switch it on at the server, or write ssl-mode=DISABLED to connect in the clear';
  }
  if (error.code !== HANDSHAKE_FAILED) return null;
  if (error.cert !== undefined && error.host !== undefined) {
    return 'name the host as its certificate does, or write ssl-mode=VERIFY_CA to leave the name out';
  }
  return untrusted.test(error.message)
    ? "name the file of the authority that signed the server's certificate in MYSQL_CA_FILE, or write ssl-mode=REQUIRED to encrypt without verifying"
    : null;
}
