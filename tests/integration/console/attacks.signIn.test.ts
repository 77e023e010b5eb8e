import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Route } from '../../../src/console/context.ts';
import { readForm } from '../../../src/console/form.ts';
import { redirectWith } from '../../../src/console/notice.ts';
import { createSignIn } from '../../../src/console/auth/signIn.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import {
  cookieIn,
  probeRoute,
  startConsole,
  type Answer,
  type ConsoleUnderTest,
} from '../../support/consoleUnderTest.ts';
import { password, useUsersFile } from '../../support/consoleUsersFile.ts';

const MANY = 10_000;
const PAGE_EVERY_MS = 50;
const HOUR_MS = 3_600_000;
const usersFile = useUsersFile({ vera: 'viewer', edith: 'editor' });
const echo: Route = {
  method: 'POST',
  path: '/echo',
  role: 'viewer',
  handle: async (request) =>
    await redirectWith(request, '/me', (await readForm(request)).text('text')),
};
const routes = [probeRoute('GET', '/me', 'viewer'), echo];
let clockMs = Date.now();
let served: ConsoleUnderTest;

beforeAll(async () => {
  const settings = { CONSOLE_USERS_FILE: usersFile(), CONSOLE_PROXY_CIDRS: '127.0.0.1' };
  served = await startConsole({ settings, routes, now: () => clockMs });
});
afterAll(async () => await served.close());

async function signIn(name: string, given: string, from = '203.0.113.1'): Promise<Answer> {
  const headers = { 'x-forwarded-for': from };
  return await served.ask('/sign-in', { form: { name, password: given }, headers });
}

async function me(cookie: string): Promise<Answer> {
  return await served.ask('/me', { headers: { cookie } });
}

describe('10,000 wrong sign-ins', () => {
  it('let nobody in, and keep no page waiting', async () => {
    const cookie = cookieIn(await signIn('edith', password)) ?? '';
    const counts = new Map<number, number>();
    let isOver = false;
    const pages = (async () => {
      const statuses = new Set<number>();
      let slowestMs = 0;
      while (!isOver) {
        const begunAt = performance.now();
        statuses.add((await me(cookie)).status);
        slowestMs = Math.max(slowestMs, performance.now() - begunAt);
        // As a person does: not one after the other.
        await pause(PAGE_EVERY_MS);
      }
      return { statuses: [...statuses], slowestMs };
    })();
    const begunAt = performance.now();
    const left = Array.from({ length: MANY }, (_, number) => number);
    const attacker = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const { status } = await signIn('vera', `guess number ${next}`, `198.51.100.${next % 250}`);
        counts.set(status, (counts.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 12 }, attacker));
    isOver = true;
    const { statuses, slowestMs } = await pages;
    const tookS = (performance.now() - begunAt) / 1_000;
    process.stdout.write(
      `${MANY} wrong sign-ins: ${tookS.toFixed(1)} s, ${JSON.stringify(Object.fromEntries(counts))}; slowest page meanwhile ${slowestMs.toFixed(0)} ms\n`,
    );
    expect(statuses).toEqual([200]);
    expect(new Set(counts.keys())).toEqual(new Set([401, 429]));
    // The clock stands still: after the free ones, and the two that were being checked, all have to wait.
    expect(counts.get(401)).toBeLessThanOrEqual(5 + 2);
    expect(served.logger.of('sign_in_refused').length).toBe(counts.get(401));
  }, 600_000);

  it('say until when to wait, to the owner of the name too, who gets in then', async () => {
    const answer = await signIn('vera', password, '192.0.2.1');
    expect(answer.status).toBe(429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.body).toMatch(/too many wrong sign-ins .* try again in \d+ s, at 20\d\d-/);
    expect((await signIn('edith', password, '192.0.2.1')).status).toBe(303);
    clockMs += 1_000 * Number(answer.headers['retry-after']);
    expect((await signIn('vera', password, '192.0.2.1')).status).toBe(303);
    expect((await signIn('vera', 'wrong again', '192.0.2.1')).status).toBe(401);
  });

  it('of one network with many names end soon, and only there', async () => {
    clockMs += HOUR_MS;
    const statuses: number[] = [];
    for (let number = 0; number < 25; number += 1) {
      statuses.push((await signIn(`name-${number}`, 'guess', `2001:db8::${number}`)).status);
    }
    expect(statuses.lastIndexOf(401)).toBe(19);
    expect((await signIn('edith', password, '2001:db8::ffff')).status).toBe(429);
    expect((await signIn('edith', password, '2001:db8:0:1::1')).status).toBe(303);
  });

  it('of as many names from as many networks take bounded memory', async () => {
    let nowMs = 0;
    const users = { find: () => null };
    const logger = createMemoryLogger();
    const attackers = createSignIn({
      ...{ users, logger, now: () => nowMs },
      checkPassword: async () => await Promise.resolve(false),
    });
    for (let number = 0; number < 2 * MANY; number += 1) {
      nowMs += 1;
      const address = `2001:db8:${(number >> 8).toString(16)}:${(number & 255).toString(16)}::1`;
      const name = `${number} ${'x'.repeat(1_000)}`;
      expect(await attackers.try({ name, password: 'guess', address })).toEqual({ kind: 'wrong' });
    }
    expect(attackers.remembered()).toEqual({ names: MANY, networks: MANY });
  });

  it('at once are turned away while others are checked', async () => {
    clockMs += HOUR_MS;
    const from = '192.0.2.77';
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, number) => await signIn(`n${number}`, 'guess', from)),
    );
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    const busy = answers.find(({ status }) => status === 429);
    expect(busy?.body).toContain('Too many people sign in at this moment');
  });
});

describe('a cookie', () => {
  const ofSession = async (name: string): Promise<string> => {
    clockMs += HOUR_MS;
    return cookieIn(await signIn(name, password)) ?? '';
  };

  it('that was tampered with is none', async () => {
    const cookie = await ofSession('vera');
    expect((await me(cookie)).status).toBe(200);
    const [payload = '', signature = ''] = cookie.replace('session=', '').split('.');
    const session = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const of = (changed: object): string =>
      Buffer.from(JSON.stringify({ ...session, ...changed })).toString('base64url');
    const mac = (key: string): string =>
      encodeURIComponent(
        createHmac('sha256', key)
          .update(of({ role: 'editor' }))
          .digest('base64'),
      );
    for (const forged of [
      `${of({ role: 'editor' })}.${signature}`,
      `${of({ name: 'edith' })}.${signature}`,
      `${of({ beganAt: clockMs + HOUR_MS })}.${signature}`,
      `${payload}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
      payload,
      `${payload}.`,
      `.${signature}`,
      `${of({ role: 'editor' })}.${mac('')}`,
      `${of({ role: 'editor' })}.${mac('session')}`,
    ]) {
      expect((await me(`session=${forged}`)).status).toBe(401);
    }
  });

  it('that was chosen before the sign-in is not the one after it', async () => {
    const chosen = 'session=chosen-by-an-attacker';
    const form = { name: 'vera', password };
    clockMs += HOUR_MS;
    const answer = await served.ask('/sign-in', { form, headers: { cookie: chosen } });
    expect(cookieIn(answer)).not.toBe(chosen);
    expect((await me(chosen)).status).toBe(401);
  });

  it('that is too old is none', async () => {
    const cookie = await ofSession('vera');
    clockMs += HOUR_MS;
    expect((await me(cookie)).status).toBe(401);
  });

  it('of a notice is no session, whatever the notice says', async () => {
    const cookie = await ofSession('vera');
    const [payload = ''] = cookie.replace('session=', '').split('.');
    const session = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...session, name: 'edith', role: 'editor' }));
    for (const text of [forged.toString('base64url'), payload, 'session', 'notice']) {
      const answer = await served.ask('/echo', { form: { text }, headers: { cookie } });
      const notice = cookieIn(answer, 'notice') ?? '';
      expect(notice).toContain(text.slice(0, 20));
      expect((await me(notice.replace('notice=', 'session='))).status).toBe(401);
    }
  });

  it('of a session is no notice', async () => {
    const cookie = await ofSession('vera');
    const page = await served.ask('/none', {
      headers: { cookie: `${cookie}; ${cookie.replace('session=', 'notice=')}` },
    });
    expect(page.status).toBe(404);
    expect(page.body).not.toContain('class="notice"');
  });
});
