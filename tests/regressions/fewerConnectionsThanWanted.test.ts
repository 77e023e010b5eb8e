import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { useServers } from '../support/servers.ts';
import { useTroubledRoutes } from '../support/troubledRoutes.ts';

const servers = useServers(import.meta.url);
const routes = useTroubledRoutes(servers);

const ROUNDS = 60;

describe('a user that may have fewer connections than the pool', () => {
  const few = `few${process.pid}`;
  beforeEach(async () => {
    const { mysql, database } = servers();
    await mysql.query(`CREATE USER ${few} WITH MAX_USER_CONNECTIONS 2;
      GRANT ALL ON ${database}.* TO ${few}`);
  });
  afterEach(async () => {
    await servers().mysql.query(`DROP USER ${few}`);
  });

  it('works with those it has, and says so once', async () => {
    const { find, events } = routes.start({ uri: servers().mysqlUri.replace('root', few) });
    for (let round = 0; round < ROUNDS; round += 1) {
      const accounts = Array.from({ length: 10 }, (_, index) => 100 + 10 * round + index);
      const answers = await Promise.all(accounts.map(async (account) => await find(account)));
      expect(new Set(answers)).toEqual(new Set(['open']));
    }
    expect(events()).toEqual(['mysql_fewer_connections']);
  });

  it('sees no outage either when one of its accounts is slow', async () => {
    await routes.disturb({ account: 28, seconds: 30 });
    const { find, events } = routes.start({ uri: servers().mysqlUri.replace('root', few) });
    const slow = find(28);
    for (let round = 0; round < ROUNDS; round += 1) {
      const accounts = Array.from({ length: 10 }, (_, index) => 100 + 10 * round + index);
      const answers = await Promise.all(accounts.map(async (account) => await find(account)));
      expect(new Set(answers)).toEqual(new Set(['open']));
    }
    expect(await slow).toBe('unknown');
    expect(await find(29)).toBe('open');
    expect(events()).not.toContain('mysql_unreachable');
  });
});
