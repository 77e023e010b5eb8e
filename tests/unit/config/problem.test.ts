import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { loadConfig } from '../../../config/loadConfig.ts';
import { formatProblem } from '../../../config/problem.ts';
import { settingEntries } from '../../../config/schema.ts';
import { problemsOf, readNothing, required } from './loading.ts';

const variables = settingEntries.flatMap(([name, { secret }]) =>
  secret ? [name, `${name}_FILE`] : [name],
);

describe('the problems of a configuration', () => {
  it('are reported all at once, each with its variable, the value and what to write', () => {
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
      `MONGODB_STATE_DATABASE is "admin", which is one of the server's own databases; write the name of a database, such as central`,
      'MYSQL_URI does not name a database; write a connection string such as mysql://user:password@host:3306/database',
      'START_AT is "2024-05-01", which is neither now nor such a time; write now, or an ISO 8601 time with an offset, such as 2024-05-01T12:00:00Z',
      'REQUEST_TIMEOUT is "30", which is not a whole number with a unit; write a duration from 1ms to 24h, a whole number with ms, s, m, h or d',
      'RESPONSE_LIMIT is "1048577", which is out of range; write a whole number from 0 to 1048576',
      'RETRY_SCHEDULE is "30s,forever", which has an entry, no. 2, that is not a whole number with a unit; write durations from 0s to 3650d separated by commas, such as 1s,4s, or nothing for none',
      'LEASE_TTL is "999ms", which is shorter than 1s; write a duration from 1s to 1h, a whole number with ms, s, m, h or d',
      'WORKER_ID is "a\\tb", which is too long or not printable ASCII; write up to 200 printable ASCII characters',
      'LOG_LEVEL is "verbose", which is not one of the choices; write one of error, warn, info, debug',
      'MAX_STATUS_AGE is 72h and must be at most REMEMBER, which is 1h; change one of them (what is forgotten while it still counts as fresh would be notified again)',
      'GIVE_UP_AFTER plus SWEEP_MARGIN is 60h and must be at most REMEMBER, which is 1h; change one of them (a search after lost history must know what was retried until just now)',
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

  it('name one database once, also when the state goes into the same', () => {
    const problems = problemsOf({ ...required, MONGODB_DATABASE: 'a.b' });
    expect(problems.map(({ variable }) => variable)).toEqual(['MONGODB_DATABASE']);
  });

  it('include a secret that is given twice, without choosing one', () => {
    expect(problemsOf({ ...required, MYSQL_URI_FILE: '/run/secrets/mysql-uri' })).toEqual([
      {
        variable: 'MYSQL_URI_FILE',
        message: 'is set, and MYSQL_URI as well',
        remedy: 'set only one',
      },
    ]);
  });

  it('never show a password, wherever it was put', () => {
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

  it('show a value on one line and not without end', () => {
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
