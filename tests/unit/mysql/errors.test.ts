import { describe, expect, it } from '@jest/globals';
import {
  RouteQueryError,
  toCheckError,
  toRouteQueryError,
  type RouteErrorKind,
} from '../../../src/mysql/errors.ts';

/** As the driver makes them of a server's error packet. */
function serverError(errno: number, sqlState: string, code?: string): Error {
  return Object.assign(new Error(`what the server says of ${errno}`), { errno, sqlState, code });
}

function kindOf(error: unknown): RouteErrorKind {
  return toRouteQueryError(error, 'my.sql').kind;
}

describe('toRouteQueryError', () => {
  it.each<[RouteErrorKind, number, string, string]>([
    ['unavailable', 1040, '08004', 'too many connections'],
    ['unavailable', 1203, '42000', 'too many connections of this user'],
    ['unavailable', 1226, '42000', 'a limit per hour'],
    ['unavailable', 1053, '08S01', 'shutdown'],
    ['unavailable', 1205, 'HY000', 'lock wait timeout'],
    ['unavailable', 1213, '40001', 'deadlock'],
    ['unavailable', 1317, '70100', 'killed'],
    ['unavailable', 1969, '70100', 'statement timeout of MariaDB'],
    ['unavailable', 3024, 'HY000', 'statement timeout of MySQL'],
    ['unavailable', 1290, 'HY000', 'read-only'],
    ['unavailable', 1615, 'HY000', 'prepared statement lost'],
    ['unavailable', 4000, '08S01', 'a connection error nobody listed'],
    ['denied', 1045, '28000', 'password'],
    ['denied', 1044, '42000', 'database'],
    ['denied', 1142, '42000', 'table'],
    ['denied', 1143, '42000', 'column'],
    ['denied', 1698, '28000', 'socket authentication'],
    ['denied', 4151, 'HY000', 'account locked'],
    ['schema', 1146, '42S02', 'table'],
    ['schema', 1054, '42S22', 'column'],
    ['schema', 1049, '42000', 'database'],
    ['schema', 1064, '42000', 'syntax'],
    ['schema', 1356, 'HY000', 'view'],
    ['schema', 1449, 'HY000', 'definer of a view'],
    ['unavailable', 1815, 'HY000', 'a storage engine'],
    ['unavailable', 1412, 'HY000', 'a table that is being changed'],
    ['key', 4001, '42000', 'what nobody listed, though it says to be of syntax or access'],
    ['key', 1105, 'HY000', 'what proxies say'],
    ['key', 1242, '21000', 'subquery with two rows'],
    ['key', 1690, '22003', 'out of range'],
    ['key', 1644, '45000', 'a signal of a function'],
    ['key', 4002, 'HY000', 'what nobody listed'],
  ])('takes for %s the server error %i %s (%s)', (kind, errno, sqlState) => {
    expect(kindOf(serverError(errno, sqlState))).toBe(kind);
  });

  it.each<[RouteErrorKind, Error]>([
    [
      'unavailable',
      Object.assign(new Error('x'), { code: 'ECONNREFUSED', errno: -111, fatal: true }),
    ],
    [
      'unavailable',
      Object.assign(new Error('x'), { code: 'PROTOCOL_CONNECTION_LOST', fatal: true }),
    ],
    ['unavailable', Object.assign(new Error('x'), { code: 'HANDSHAKE_SSL_ERROR', fatal: true })],
    ['unavailable', Object.assign(new TypeError('x'), { fatal: true })],
    ['unavailable', new Error('Pool is closed.')],
    ['denied', Object.assign(new Error('x'), { code: 'AUTH_SWITCH_PLUGIN_ERROR', fatal: true })],
    ['key', new RangeError('x')],
  ])("takes for %s the driver's own %o", (kind, error) => {
    expect(kindOf(error)).toBe(kind);
  });

  it('says in one sentence what is wrong, and what to grant', () => {
    expect(
      toRouteQueryError(serverError(1142, '42000', 'ER_TABLEACCESS_DENIED_ERROR'), 'my.sql'),
    ).toEqual(
      expect.objectContaining({
        code: 'ER_TABLEACCESS_DENIED_ERROR',
        message:
          'MySQL refuses: what the server says of 1142 (ER_TABLEACCESS_DENIED_ERROR); grant SELECT on that table',
      }),
    );
    expect(
      toRouteQueryError(serverError(1146, '42S02', 'ER_NO_SUCH_TABLE'), 'my.sql').message,
    ).toBe('my.sql does not fit the database: what the server says of 1146 (ER_NO_SUCH_TABLE)');
  });

  it('does not quote what a server says about data', () => {
    const error = toRouteQueryError(serverError(1292, '22007'), 'my.sql');
    expect(error).toMatchObject({ kind: 'key', code: 'ER_1292' });
    expect(error.message).toBe('MySQL cannot answer my.sql for this key: ER_1292');
  });

  it('takes what is not even an error', () => {
    expect(toRouteQueryError('broken', 'my.sql').message).toBe(
      'MySQL does not answer: broken (Error)',
    );
  });

  it('leaves its own errors as they are', () => {
    const error = new RouteQueryError('key', 'ROW_INVALID', 'x');
    expect(toRouteQueryError(error, 'my.sql')).toBe(error);
  });
});

describe('toCheckError', () => {
  it('names what nobody listed in full, as something that is waited for', () => {
    expect(toCheckError(serverError(1105, 'HY000', 'ER_UNKNOWN_ERROR'), 'my.sql')).toMatchObject({
      kind: 'unavailable',
      message:
        'MySQL answers my.sql with an error: what the server says of 1105 (ER_UNKNOWN_ERROR)',
    });
  });

  it.each([
    ['schema', 1146],
    ['denied', 1142],
    ['unavailable', 1205],
  ] as const)('leaves the kind %s as it is', (kind, errno) => {
    expect(toCheckError(serverError(errno, 'HY000'), 'my.sql').kind).toBe(kind);
  });
});
