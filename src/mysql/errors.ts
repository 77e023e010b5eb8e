import { toError } from '../runtime/errors.ts';

/**
 * What an error of the route query means for whoever waits for its answer:
 * - unavailable: the server is not there, overloaded or stopping; the same query will succeed later
 * - schema: the query does not fit the database; someone must change one of them
 * - denied: the account in the connection string may not do this; someone must grant it
 * - key: most likely only this account's or flow's answer can't be had
 *
 * Whom an error of one key's question concerns in truth is found out by asking something else, see `outageGate.ts`.
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
    // No memory, no disk, storage engine trouble, tables that are being changed or mended.
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
  const hint = typeof error.errno === 'number' ? advice[error.errno] : undefined;
  const sentence = {
    unavailable: `MySQL does not answer: ${said(error)}`,
    schema: `${file} does not fit the database: ${said(error)}`,
    denied: `MySQL refuses: ${said(error)}${hint === undefined ? '' : `; ${hint}`}`,
  }[kind];
  return new RouteQueryError(kind, code, sentence, { cause: error });
}

/** For a question about nobody: there is no key, and no data of one, that an error could be about. */
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
  if (error.fatal === true) return 'unavailable';
  // Thrown while a value was being encoded.
  return error instanceof TypeError || error instanceof RangeError ? 'key' : 'unavailable';
}

/** What neither the table nor SQLSTATE knows is no mistake of set-up: proxies and engines have errors of their own. */
function kindOfServerError(errno: unknown, sqlState: string): RouteErrorKind {
  const known = typeof errno === 'number' ? kindByNumber.get(errno) : undefined;
  if (known !== undefined) return known;
  if (sqlState.startsWith('08')) return 'unavailable';
  return sqlState.startsWith('28') ? 'denied' : 'key';
}
