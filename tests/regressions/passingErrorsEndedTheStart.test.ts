import { describe, expect, it } from '@jest/globals';
import { checkAtStart } from '../../src/mysql/routeQuery.ts';
import { ConfigurationError } from '../../src/runtime/errors.ts';
import { useServers } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { nobody, useTroubledRoutes } from '../support/troubledRoutes.ts';

const servers = useServers(import.meta.url);
const routes = useTroubledRoutes(servers);
const never = new AbortController().signal;

/** What proxies, fail-overs, engines, limits and watchdogs say, and what nobody has heard of. */
const passing = [
  1105, 1815, 1412, 1030, 1180, 1205, 1213, 1290, 1317, 1792, 1836, 1969, 2013, 3024,
];
const unheardOf = [3100, 4025, 9001, 9006, 65_000];

describe('an error that is not known to be a mistake of set-up', () => {
  it.each([...passing, ...unheardOf])('does not end the start, and is named: %i', async (errno) => {
    await routes.disturb({ account: nobody, errno });
    const { query } = routes.start();
    const problem: unknown = await checkAtStart(query, never).catch((error: unknown) => error);
    expect(problem).not.toBeInstanceOf(ConfigurationError);
    expect(problem).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('as the test wants it'),
    });
    await routes.fix();
    await expect(checkAtStart(query, never)).resolves.toBeUndefined();
  });

  it.each([1105, 1815, 1146, 1142, 3100])(
    'is an outage when everybody gets it, and none is answered wrongly: %i',
    async (errno) => {
      const accounts = [28, 29, 30];
      await routes.disturb(...[nobody, ...accounts].map((account) => ({ account, errno })));
      const { find, notified, events } = routes.start();
      const waiting = Promise.all(accounts.map(async (account) => await find(account)));
      await until('the outage is seen', () => events().length > 0);
      expect(notified).toEqual([]);
      await routes.fix();
      expect(await waiting).toEqual(['open', 'open', 'open']);
      expect(events()).toHaveLength(2);
      expect(events().at(-1)).toBe('mysql_recovered');
    },
  );

  it.each([1105, 1815, 1412, 1205, 1146, 1142, 1317, 3100])(
    'concerns its account alone when others are answered: %i',
    async (errno) => {
      await routes.disturb({ account: 28, errno });
      const { find, events } = routes.start();
      expect(await find(28)).toBe('unknown');
      expect(await find(29)).toBe('open');
      expect(events()).toEqual(['route_key_error']);
    },
  );
});

describe('a mistake of set-up', () => {
  it.each([1054, 1146, 1049, 1142, 1143, 1305, 1370])('ends the start: %i', async (errno) => {
    await routes.disturb({ account: nobody, errno });
    const { query } = routes.start();
    await expect(checkAtStart(query, never)).rejects.toBeInstanceOf(ConfigurationError);
  });
});

describe('a session that is killed', () => {
  it('each time it asks for one account concerns that account alone', async () => {
    await routes.disturb({ account: 28, seconds: 30 });
    const { find, events } = routes.start({ timeoutMs: 20_000 });
    const watchdog = setInterval(() => void killLongQueries().catch(() => undefined), 50);
    try {
      expect(await find(28)).toBe('unknown');
      expect(await find(29)).toBe('open');
    } finally {
      clearInterval(watchdog);
    }
    expect(events()).toEqual(['route_key_error']);
  });

  it('once costs nobody anything', async () => {
    await routes.disturb({ account: 28, seconds: 0.4 });
    const { find, events } = routes.start({ timeoutMs: 20_000 });
    const asked = find(28);
    let killed = 0;
    const watchdog = setInterval(() => {
      if (killed === 0) void killLongQueries().then((count) => (killed += count));
    }, 20);
    expect(await asked).toBe('open');
    clearInterval(watchdog);
    expect(killed).toBeGreaterThan(0);
    expect(events()).toEqual([]);
  });
});

async function killLongQueries(): Promise<number> {
  const { mysql, database } = servers();
  const [rows] = await mysql.query(
    `SELECT ID AS id FROM information_schema.PROCESSLIST
     WHERE DB = ? AND ID <> CONNECTION_ID() AND INFO LIKE '%SLEEP%'`,
    [database],
  );
  for (const { id } of rows as { id: number }[]) await mysql.query('KILL ?', [id]);
  return (rows as unknown[]).length;
}
