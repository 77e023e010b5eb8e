import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { describeConfig, loadConfig } from '../../../config/loadConfig.ts';
import { packageRoot } from '../../../config/packageRoot.ts';
import { formatProblem } from '../../../config/reading.ts';
import { settingEntries } from '../../../config/schema.ts';
import { configOf, problemsOf, readNothing, required } from './loading.ts';

const variables = settingEntries.flatMap(([name, { secret }]) =>
  secret ? [name, `${name}_FILE`] : [name],
);

describe('the problems of a configuration', () => {
  it('are all reported together, each with its variable, its value and a remedy', () => {
    const problems = problemsOf({
      MYSQL_URI: 'mysql://sql.example',
      MONGODB_STATE_DATABASE: 'admin',
      MAX_STATUS_AGE: '3d',
      REMEMBER: '1h',
      REQUEST_TIMEOUT: '30',
      RETRY_SCHEDULE: '30s,forever',
      LEASE_TTL: '999ms',
      WORKER_ID: 'a\tb',
      START_AT: '2024-05-01',
      RESPONSE_LIMIT: '1048577',
      LOG_LEVEL: 'verbose',
    });
    expect(problems.map(formatProblem)).toEqual([
      'MONGODB_URI is not set; write a connection string such as mongodb://user:password@host1,host2/?replicaSet=rs0, or name a file that holds it in MONGODB_URI_FILE',
      `MONGODB_STATE_DATABASE is "admin", which is reserved for the server; write the name of a database, such as central`,
      'MYSQL_URI does not name a database; write a connection string such as mysql://user:password@host:3306/database',
      'START_AT is "2024-05-01", which is neither now nor a valid time with an offset; write now, or an ISO 8601 time with an offset, such as 2024-05-01T12:00:00Z',
      'REQUEST_TIMEOUT is "30", which is not a whole number with a unit; write a duration from 1ms to 24h, a whole number followed by ms, s, m, h or d',
      'RESPONSE_LIMIT is "1048577", which is out of range; write a whole number from 0 to 1048576',
      'RETRY_SCHEDULE is "30s,forever", which has an invalid entry, number 2: it is not a whole number with a unit; write durations from 0s to 3650d separated by commas, such as 1s,4s, or nothing for none',
      'LEASE_TTL is "999ms", which is shorter than 1s; write a duration from 1s to 1h, a whole number followed by ms, s, m, h or d',
      'WORKER_ID is "a\\tb", which is too long or not printable ASCII; write up to 200 printable ASCII characters',
      'LOG_LEVEL is "verbose", which is not one of the choices; write one of error, warn, info, debug',
      'MAX_STATUS_AGE is 72h and must be at most REMEMBER, which is 1h; change one of them (otherwise a status that is not yet stale could be forgotten and notified again)',
      'GIVE_UP_AFTER plus SWEEP_MARGIN is 60h and must be at most REMEMBER, which is 1h; change one of them (a scan after lost history must recognise the notifications that were being retried)',
    ]);
  });

  it.each([
    [{ MAX_STATUS_AGE: '73h' }, 'MAX_STATUS_AGE'],
    [{ REMEMBER: '71h' }, 'MAX_STATUS_AGE'],
    [{ MAX_STATUS_AGE: '1h', REMEMBER: '59h' }, 'GIVE_UP_AFTER'],
    [{ GIVE_UP_AFTER: '49h' }, 'GIVE_UP_AFTER'],
    [{ SWEEP_MARGIN: '37h' }, 'GIVE_UP_AFTER'],
    [{ RETRY_AFTER_MAX: '37h' }, 'RETRY_AFTER_MAX'],
    [{ GIVE_UP_AFTER: '23h' }, 'RETRY_AFTER_MAX'],
    [{ CONNECT_TIMEOUT: '16s' }, 'CONNECT_TIMEOUT'],
    [{ REQUEST_TIMEOUT: '25s' }, 'REQUEST_TIMEOUT'],
    [{ SHUTDOWN_GRACE: '15s' }, 'REQUEST_TIMEOUT'],
  ])('are found between settings: %j', (env, variable) => {
    expect(problemsOf({ ...required, ...env })).toEqual([
      expect.objectContaining({ variable, message: expect.stringMatching(/and must be/) }),
    ]);
  });

  it.each([
    [{ MAX_STATUS_AGE: '60h', REMEMBER: '60h' }],
    [{ GIVE_UP_AFTER: '48h' }],
    [{ SWEEP_MARGIN: '36h' }],
    [{ RETRY_AFTER_MAX: '36h' }],
    [{ CONNECT_TIMEOUT: '15s', REQUEST_TIMEOUT: '15s' }],
    [{ REQUEST_TIMEOUT: '24999ms', SHUTDOWN_GRACE: '25s' }],
  ])('do not include a rule just kept: %j', (env) => {
    expect(problemsOf({ ...required, ...env })).toEqual([]);
  });

  it('name one database once, even if it also holds the state', () => {
    const problems = problemsOf({ ...required, MONGODB_DATABASE: 'a.b' });
    expect(problems.map(({ variable }) => variable)).toEqual(['MONGODB_DATABASE']);
  });

  it('include two databases that differ only in case, which MongoDB refuses', () => {
    const env = { MONGODB_DATABASE: 'central', MONGODB_STATE_DATABASE: 'Central' };
    expect(problemsOf({ ...required, ...env })).toMatchObject([
      { variable: 'MONGODB_STATE_DATABASE', message: expect.stringContaining('only in case') },
    ]);
  });

  it('include a secret that is set twice', () => {
    expect(problemsOf({ ...required, MYSQL_URI_FILE: '/run/secrets/mysql-uri' })).toEqual([
      {
        variable: 'MYSQL_URI_FILE',
        message: 'and MYSQL_URI are both set',
        remedy: 'set only one of them',
      },
    ]);
  });

  it('never show a password, even in the wrong place', () => {
    const password = 'hunter2';
    const uri = `mysql://worker:${password}@sql.example/central`;
    for (const variable of variables) {
      const env = { ...required, [variable]: uri, MAX_STATUS_AGE: 'bad' };
      expect(JSON.stringify(loadConfig(env, readNothing))).toMatch(/"ok":false/);
      for (const problem of problemsOf(env)) expect(formatProblem(problem)).not.toContain(password);
    }
    const unreadable = {
      MONGODB_URI: `mongodb://u:${password}@@h`,
      MYSQL_URI: `mysql:/u:${password}`,
    };
    expect(problemsOf(unreadable)).toHaveLength(2);
    expect(JSON.stringify(problemsOf(unreadable))).not.toContain(password);
  });

  it('show a value on one line and shortened', () => {
    const [problem] = problemsOf({ ...required, LOG_LEVEL: `a\n${'b'.repeat(10_000)}` });
    expect(problem?.message).toMatch(/^is "a\\nb+…", which/);
    expect(problem?.message.length).toBeLessThan(200);
  });

  test('whatever is set is either a configuration or a problem that names a setting', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[\d.,]*(?:ms|s|m|h|d)?(?:,\d+s)*$/),
      fc.constantFrom('', 'off', 'true', '0', 'mongodb://a', 'mysql://a/b', '+05:30', '__proto__'),
    );
    const environment = fc.dictionary(fc.constantFrom(...variables), text);
    fc.assert(
      fc.property(environment, (env) => {
        const loaded = loadConfig({ ...required, ...env }, readNothing);
        const problems = loaded.ok ? [] : loaded.problems;
        expect(loaded.ok).toBe(problems.length === 0);
        for (const problem of problems) {
          expect(variables).toContain(problem.variable);
          expect(problem.remedy).not.toBe('');
          expect(formatProblem(problem)).not.toMatch(/[\r\n]/);
        }
      }),
    );
  });
});

describe('files of settings', () => {
  let folder = '';
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'config-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('are read from the disk', () => {
    const [ca = ''] = rootCertificates;
    const loaded = loadConfig({
      MONGODB_URI_FILE: file('mongodb-uri', `${required.MONGODB_URI}\n`),
      MYSQL_URI_FILE: file('mysql-uri', `\uFEFF${required.MYSQL_URI}\r\n`),
      MYSQL_ROUTE_QUERY_FILE: file('route.sql', 'SELECT 2;\n'),
      MYSQL_CA_FILE: file('ca.pem', `${ca}\n`),
    });
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        mongodb: { uri: required.MONGODB_URI },
        mysql: {
          server: {
            host: 'sql.example',
            user: 'worker',
            tls: { verify: 'identity', ca: ca.trim() },
          },
          routeQuery: { path: join(folder, 'route.sql'), text: 'SELECT 2;' },
          ca: { path: join(folder, 'ca.pem'), text: ca.trim() },
        },
      },
    });
    expect(loaded.ok && describeConfig(loaded.config)).toMatchObject({
      MYSQL_ROUTE_QUERY_FILE: join(folder, 'route.sql'),
      MYSQL_CA_FILE: join(folder, 'ca.pem'),
    });
  });

  it('are relative to the working directory, and the default to the package', () => {
    const env = { ...required, MYSQL_ROUTE_QUERY_FILE: 'queries/route.sql' };
    expect(configOf(env).mysql.routeQuery.path).toBe(resolve('queries/route.sql'));
    const { path } = configOf(required).mysql.routeQuery;
    expect(isAbsolute(path) && path.startsWith(packageRoot())).toBe(true);
  });

  it('are reported when they are missing, a folder or empty', () => {
    const empty = file('empty', '\n');
    const env = {
      MONGODB_URI_FILE: join(folder, 'missing'),
      MYSQL_URI_FILE: folder,
      MYSQL_ROUTE_QUERY_FILE: empty,
      MYSQL_CA_FILE: file('key.pem', 'no certificate'),
    };
    const loaded = loadConfig(env);
    expect(loaded).toMatchObject({
      ok: false,
      problems: [
        {
          variable: 'MONGODB_URI_FILE',
          message: `names "${join(folder, 'missing')}", which can't be read (there is no such file)`,
        },
        {
          variable: 'MYSQL_URI_FILE',
          message: `names "${folder}", which can't be read (it is a folder)`,
        },
        { variable: 'MYSQL_ROUTE_QUERY_FILE', message: `names "${empty}", which is empty` },
        {
          variable: 'MYSQL_CA_FILE',
          message: expect.stringMatching(/no certificate in PEM format$/),
        },
      ],
    });
  });
});
