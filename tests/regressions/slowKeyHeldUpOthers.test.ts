import { describe, expect, it } from '@jest/globals';
import { useServers } from '../support/servers.ts';
import { useTroubledRoutes } from '../support/troubledRoutes.ts';
import { until } from '../support/until.ts';

const servers = useServers(import.meta.url);
const routes = useTroubledRoutes(servers);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Accounts nobody has asked about before: none of their answers is in the cache. */
let unasked = 1_000;
function others(count: number): number[] {
  return upTo(count).map(() => unasked++);
}

describe('an account whose query takes too long', () => {
  it('is given back, while others are answered before and after and no outage is seen', async () => {
    await routes.disturb({ account: 28, seconds: 30 });
    const { find, notified, events } = routes.start();
    const slow = find(28);
    await Promise.all(others(40).map(async (account) => await find(account)));
    expect(notified).not.toContain('28 unknown');
    expect(await slow).toBe('unknown');
    for (let round = 0; round < 4; round += 1) {
      const again = find(28);
      const answers = await Promise.all(others(20).map(async (account) => await find(account)));
      expect(new Set(answers)).toEqual(new Set(['open']));
      expect(await again).toBe('unknown');
    }
    expect(events()).toEqual(['route_key_error']);
  });

  it('leaves connections to others with twenty flows asked about at once, and gives all of them back', async () => {
    await routes.disturb({ account: 28, seconds: 30 });
    const { find, notified, events } = routes.start();
    const slow = Promise.all(upTo(20).map(async (flow) => await find(28, flow)));
    const answers = await Promise.all(others(40).map(async (account) => await find(account)));
    expect(new Set(answers)).toEqual(new Set(['open']));
    expect(notified.filter((line) => line.startsWith('28 '))).toEqual([]);
    expect(new Set(await slow)).toEqual(new Set(['unknown']));
    expect(events()).not.toContain('mysql_unreachable');
  });

  it('is no query that goes on at the server', async () => {
    await routes.disturb({ account: 28, seconds: 30 });
    const { find } = routes.start();
    expect(await find(28)).toBe('unknown');
    await until('the server has ended it', async () => {
      const [rows] = await servers().mysql.query('SHOW PROCESSLIST');
      return !JSON.stringify(rows).includes('trouble(account');
    });
  });

  it('is answered once it is quick again, without being asked for all the time', async () => {
    await routes.disturb({ account: 28, seconds: 30 });
    const { find, events } = routes.start();
    expect(await find(28)).toBe('unknown');
    await routes.fix();
    await until('it is answered', async () => (await find(28)) === 'open');
    expect(events()).toEqual(['route_key_error']);
  });

  it('does not hold up its other flows', async () => {
    await routes.disturb({ account: 28, flow: 7, seconds: 30 });
    const { find } = routes.start();
    const slow = find(28, 7);
    const answers = await Promise.all(upTo(6).map(async (flow) => await find(28, flow)));
    expect(new Set(answers)).toEqual(new Set(['open']));
    expect(await slow).toBe('unknown');
    expect(await find(28, 8)).toBe('open');
  });

  it('may be each of many: the rest are still answered once that is known', async () => {
    const slow = upTo(10);
    await routes.disturb(...slow.map((account) => ({ account, seconds: 30 })));
    const { find, events } = routes.start();
    const answers = await Promise.all(slow.map(async (account) => await find(account)));
    expect(new Set(answers)).toEqual(new Set(['unknown']));
    const asked = slow.map(async (account) => await find(account));
    const rest = await Promise.all(others(40).map(async (account) => await find(account)));
    expect(new Set(rest)).toEqual(new Set(['open']));
    await Promise.all(asked);
    expect(events()).not.toContain('mysql_unreachable');
  });
});

describe('queries that are all slow, but not too slow', () => {
  it.each([
    ['accounts', (index: number): [number, number] => [index, 1]],
    ['flows of one account', (index: number): [number, number] => [28, index]],
  ])('are all answered in time, however long those of many %s stand in line', async (_, keyOf) => {
    await routes.disturb(...upTo(60).map((account) => ({ account, seconds: 0.5 })));
    // Most stand in line for longer than that; a machine that stutters makes no query of half a second as slow.
    const { find, events } = routes.start({ timeoutMs: 3_000 });
    const answers = await Promise.all(upTo(60).map(async (index) => await find(...keyOf(index))));
    expect(new Set(answers)).toEqual(new Set(['open']));
    expect(events()).toEqual([]);
  });
});

describe('a key that is locked', () => {
  it('by a session that holds it for long is given back alone', async () => {
    const { find, events } = routes.start({ query: lockingQuery });
    const { mysql } = servers();
    await mysql.query("DO GET_LOCK('k28', 0)");
    try {
      expect(await find(28)).toBe('unknown');
      expect(await find(29)).toBe('open');
      expect(events()).toEqual(['route_key_error']);
    } finally {
      await mysql.query("DO RELEASE_LOCK('k28')");
    }
  });
});

const lockingQuery = `SELECT 'true' AS notify_on_delivery, 1 AS flow_webhook_enabled, 7 AS webhook_id,
  'https://hooks.example/sms' AS url, NULL AS headers, NULL AS secret
  FROM (SELECT :accountId AS account) AS asked
  WHERE GET_LOCK(CONCAT('k', account), 60) = 1 AND RELEASE_LOCK(CONCAT('k', account)) = 1`;
