import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { addUser, removeUser } from '../../../src/support/consoleUsers.ts';
import {
  cookieIn,
  probeRoute,
  startConsole,
  type Answer,
  type ConsoleUnderTest,
} from '../../support/consoleUnderTest.ts';
import { password, useUsersFile } from '../../support/consoleUsersFile.ts';

const MINUTE_MS = 60_000;
const usersFile = useUsersFile({ vera: 'viewer', sam: 'support', edith: 'editor' });
const routes = [probeRoute('GET', '/me', 'viewer'), probeRoute('POST', '/act', 'editor')];
let clockMs = Date.now();
let served: ConsoleUnderTest;
let original = '';

beforeAll(async () => {
  const settings = { CONSOLE_USERS_FILE: usersFile() };
  served = await startConsole({ settings, routes, now: () => clockMs });
  original = readFileSync(usersFile(), 'utf8');
});
afterEach(() => writeFileSync(usersFile(), original));
afterAll(async () => await served.close());

async function signIn(name: string, more: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return await served.ask('/sign-in', { form: { name, password, ...more } });
}

async function sessionOf(name: string): Promise<string> {
  return cookieIn(await signIn(name)) ?? 'none';
}

async function me(cookie: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return await served.ask('/me', { headers: { cookie, ...headers } });
}

describe('somebody who is not signed in', () => {
  it('gets the form instead of a page, and then that page', async () => {
    const page = await served.ask('/me?of=28&x=%3Cb%3E');
    expect(page.status).toBe(401);
    expect(page.body).toContain('<input type="hidden" name="next" value="/me?of=28&amp;x=%3Cb%3E"');
    const answer = await signIn('vera', { next: '/me?of=28&x=%3Cb%3E' });
    expect(answer).toMatchObject({ status: 303, headers: { location: '/me?of=28&x=%3Cb%3E' } });
    const cookie = cookieIn(answer) ?? '';
    expect(JSON.parse((await me(cookie)).body)).toEqual({ name: 'vera', role: 'viewer' });
    expect(served.logger.of('sign_in').at(-1)?.fields).toEqual({
      ...{ user: 'vera', role: 'viewer', address: '127.0.0.1' },
    });
  });

  it('may be signed in all the same, coming from another site', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    expect((await served.ask('/me', { headers })).body).toContain('<a href="/me">Go on');
    expect((await served.ask('/me')).body).not.toContain('Go on');
  });

  it.each(['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)'])(
    'is not led to %j after the sign-in',
    async (next) => {
      expect((await signIn('vera', { next })).headers.location).toBe('/');
      const form = await served.ask(`/sign-in?next=${encodeURIComponent(next)}`);
      expect(form.body).toContain('name="next" value="/"');
    },
  );

  it('may not act, and is asked to sign in', async () => {
    const answer = await served.ask('/act', { form: {} });
    expect(answer.status).toBe(401);
    expect(served.visits).not.toContain('POST /act');
  });
});

describe('a sign-in', () => {
  it.each([
    ['another password', 'vera', 'correct horse batterx'],
    ['the name of nobody', 'nobody', password],
    ['nothing at all', '', ''],
    ['no password', 'vera', ''],
    ['a very long name', 'x'.repeat(20_000), password],
  ])('with %s is wrong, and says no more', async (_what, name, given) => {
    const answer = await signIn(name, { password: given });
    expect(answer.status).toBe(401);
    expect(cookieIn(answer)).toBeNull();
    expect(answer.body).toContain('The name or the password is wrong.');
    expect(answer.body).not.toContain(password);
    clockMs += 61 * MINUTE_MS;
  });

  it('that is refused is logged, but not a name that nobody has', async () => {
    await signIn('vera', { password: 'another password' });
    await signIn(password);
    const lines = served.logger.of('sign_in_refused').slice(-2);
    expect(lines.map(({ fields }) => fields)).toEqual([
      { user: 'vera', address: '127.0.0.1', why: 'wrong password' },
      { address: '127.0.0.1', why: 'unknown name' },
    ]);
    expect(JSON.stringify(served.logger.lines)).not.toContain(password);
  });

  it('gets a cookie that scripts and other sites can not use', async () => {
    const [cookie] = (await signIn('vera')).headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/^session=[^;]+; Max-Age=28800; Path=\/; HttpOnly; SameSite=Strict$/);
  });

  it('over TLS gets a cookie for TLS only, whoever renews it', async () => {
    const answer = await served.ask('/sign-in', {
      form: { name: 'vera', password },
      headers: { origin: 'https://console.example' },
    });
    expect(answer.headers['set-cookie']?.[0]).toMatch(/; Secure/);
    clockMs += 10 * MINUTE_MS;
    const page = await me(cookieIn(answer) ?? '');
    expect(page.headers['set-cookie']?.[0]).toMatch(/^session=.*; Secure/);
  });

  it('does not believe a stranger who says it is over TLS', async () => {
    const answer = await served.ask('/sign-in', {
      form: { name: 'vera', password },
      headers: { 'x-forwarded-proto': 'https' },
    });
    expect(answer.headers['set-cookie']?.[0]).not.toMatch(/Secure/);
  });

  it('makes a session of its own, whatever the browser had before', async () => {
    const before = await sessionOf('vera');
    const answer = await served.ask('/sign-in', {
      form: { name: 'edith', password },
      headers: { cookie: before },
    });
    const after = cookieIn(answer) ?? '';
    expect(after).not.toBe(before);
    expect((await me(before)).status).toBe(401);
    expect(JSON.parse((await me(after)).body)).toMatchObject({ name: 'edith' });
  });
});

describe('a session', () => {
  it('ends by signing out, on the server too', async () => {
    const cookie = await sessionOf('vera');
    const answer = await served.ask('/sign-out', { form: {}, headers: { cookie } });
    expect(answer).toMatchObject({ status: 303, headers: { location: '/sign-in' } });
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^session=; Max-Age=0; Path=\//);
    expect((await me(cookie)).status).toBe(401);
  });

  it('ends an hour after the last page that its person asked for', async () => {
    let cookie = await sessionOf('vera');
    for (let pages = 0; pages < 3; pages += 1) {
      clockMs += 50 * MINUTE_MS;
      const page = await me(cookie, { 'sec-fetch-mode': 'navigate' });
      expect(page.status).toBe(200);
      cookie = cookieIn(page) ?? '';
    }
    clockMs += 50 * MINUTE_MS;
    const refresh = await me(cookie, { 'sec-fetch-mode': 'cors' });
    expect([refresh.status, cookieIn(refresh)]).toEqual([200, null]);
    clockMs += 10 * MINUTE_MS;
    expect((await me(cookie)).status).toBe(401);
  });

  it('ends after eight hours, however busy', async () => {
    let cookie = await sessionOf('vera');
    const statuses: number[] = [];
    for (let half = 1; half <= 16; half += 1) {
      clockMs += 30 * MINUTE_MS;
      const page = await me(cookie);
      statuses.push(page.status);
      cookie = cookieIn(page) ?? cookie;
    }
    expect(statuses).toEqual([...Array.from({ length: 15 }, () => 200), 401]);
  });

  it('ends at once when its person is removed', async () => {
    const cookie = await sessionOf('sam');
    expect((await me(cookie)).status).toBe(200);
    await removeUser(usersFile(), 'sam');
    expect((await me(cookie)).status).toBe(401);
  });

  it.each([
    ['role', { name: 'sam', role: 'editor', password }],
    ['password', { name: 'sam', role: 'support', password: 'correct horse batteries' }],
  ] as const)('ends at once when its person gets another %s', async (_what, user) => {
    const cookie = await sessionOf('sam');
    await addUser(usersFile(), user);
    expect((await me(cookie)).status).toBe(401);
  });
});

describe('the users file of a running console', () => {
  it('may be broken meanwhile: the people of before stay in force', async () => {
    const cookie = await sessionOf('edith');
    writeFileSync(usersFile(), `${original}asha\n`);
    expect((await me(cookie)).status).toBe(200);
    expect((await me(await sessionOf('vera'))).status).toBe(200);
    expect(served.logger.of('console_users_refused').map(({ fields }) => fields)).toEqual([
      {
        file: usersFile(),
        problem: expect.stringMatching(/^can't be used: line 4 must be name:role:hash/),
      },
    ]);
  });

  it('is named when others may read it', async () => {
    expect(served.logger.of('console_users_exposed')).toEqual([]);
    chmodSync(usersFile(), 0o644);
    await sessionOf('vera');
    expect(served.logger.of('console_users_exposed')).toHaveLength(1);
    chmodSync(usersFile(), 0o600);
  });

  it.each([
    ['/none/users', /does not exist: add somebody by "console user add"/],
    [import.meta.dirname, /can't be read: EISDIR/],
    [import.meta.filename, /can't be used: line 1 must be name:role:hash/],
  ])('must be usable at the start: %s is not', async (path, message) => {
    await expect(startConsole({ settings: { CONSOLE_USERS_FILE: path } })).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringMatching(message),
    });
  });
});
