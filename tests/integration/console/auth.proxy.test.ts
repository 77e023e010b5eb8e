import { afterEach, describe, expect, it } from '@jest/globals';
import type { Route } from '../../../src/console/context.ts';
import { redirectWith } from '../../../src/console/notice.ts';
import {
  as,
  cookieIn,
  probeRoute,
  startConsole,
  type Answer,
  type ConsoleUnderTest,
} from '../../support/consoleUnderTest.ts';
import { password, useUsersFile } from '../../support/consoleUsersFile.ts';

const usersFile = useUsersFile({ edith: 'editor' });
const noticed: Route = {
  method: 'POST',
  path: '/noticed',
  role: 'viewer',
  handle: async (request) => await redirectWith(request, '/me', 'Done.'),
};
const routes = [probeRoute('GET', '/me', 'viewer'), noticed];
const trusted = { CONSOLE_PROXY_CIDRS: '10.0.0.0/8, 127.0.0.0/8' };

let served: ConsoleUnderTest | null = null;
afterEach(async () => await served?.close());

async function serve(settings: Readonly<Record<string, string>>): Promise<ConsoleUnderTest> {
  served = await startConsole({ settings, routes });
  return served;
}

type Headers = Readonly<Record<string, string | readonly string[]>>;

async function me(headers: Headers, settings: typeof trusted = trusted): Promise<Answer> {
  return await (await serve(settings)).ask('/me', { headers });
}

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

describe('the headers of the proxy', () => {
  it.each([
    ['vera', 'viewer', { name: 'vera', role: 'viewer' }],
    ['vera', 'staff, notify-on-delivery-support ,x', { name: 'vera', role: 'support' }],
    ['vera', 'viewer,editor,support', { name: 'vera', role: 'editor' }],
    [utf8('Věra Nováková'), 'editor', { name: 'Věra Nováková', role: 'editor' }],
    [' vera ', 'editor', { name: 'vera', role: 'editor' }],
    ['v'.repeat(200), 'viewer', { name: 'v'.repeat(200), role: 'viewer' }],
  ])('say who asks: %j of %j', async (user, groups, person) => {
    const answer = await me({ 'x-forwarded-user': user, 'x-forwarded-groups': groups });
    expect(JSON.parse(answer.body)).toEqual(person);
  });

  it.each([
    'Editor',
    'editors',
    'notify-on-delivery-',
    'notify-on-delivery-editor-x',
    'Notify-On-Delivery-editor',
    'anyone',
    'editor;viewer',
    '',
  ])('give no role by the group %j', async (groups) => {
    const answer = await me({ 'x-forwarded-user': 'vera', 'x-forwarded-groups': groups });
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('vera has no role in the console');
    expect(served?.visits).toEqual([]);
  });

  it('give no role without groups', async () => {
    expect((await me({ 'x-forwarded-user': 'vera' })).status).toBe(403);
  });

  it.each([
    ['v'.repeat(201), 'longer than 200 characters'],
    [utf8('vera\u202efdp'), 'not printable'],
    ['vera\teditor', 'not printable'],
  ])('give no name that is no name: %j', async (user, says) => {
    const answer = await me({ 'x-forwarded-user': user, 'x-forwarded-groups': 'editor' });
    expect([answer.status, answer.body]).toEqual([403, expect.stringContaining(says)]);
  });

  it('count only once each: a proxy that adds to what a browser sent is refused', async () => {
    const twice = { 'x-forwarded-user': ['root', 'vera'], 'x-forwarded-groups': 'viewer' };
    expect((await me(twice)).status).toBe(403);
    await served?.close();
    const groups = { 'x-forwarded-user': 'vera', 'x-forwarded-groups': ['editor', 'viewer'] };
    expect((await me(groups)).status).toBe(403);
  });

  it.each([
    {},
    { 'x-forwarded-user': '' },
    { 'x-forwarded-user': ' ' },
    { 'x-forwarded-groups': 'editor' },
  ])('name nobody by %j', async (headers) => {
    const answer = await me(headers);
    expect([answer.status, answer.body]).toEqual([
      401,
      expect.stringContaining('it sent no x-forwarded-user'),
    ]);
  });

  it.each([
    ['', 'no proxy is set'],
    ['10.0.0.0/8', 'the proxy is elsewhere'],
    ['::1', 'the proxy is at another loopback address'],
  ])('are forged where CONSOLE_PROXY_CIDRS is %j, since %s', async (ranges) => {
    const forged = {
      ...as('editor'),
      'x-forwarded-for': '10.1.2.3',
      'x-real-ip': '10.1.2.3',
      forwarded: 'for=10.1.2.3',
    };
    const settings = { CONSOLE_PROXY_CIDRS: ranges, CONSOLE_USERS_FILE: usersFile() };
    expect((await me(forged, settings)).status).toBe(401);
    expect(served?.visits).toEqual([]);
  });

  it('are believed over IPv4 on a console that listens on IPv6', async () => {
    const settings = { ...trusted, CONSOLE_HOST: '::' };
    expect((await me(as('viewer'), settings)).status).toBe(200);
  });
});

describe('behind a proxy', () => {
  it('cookies are for TLS only where the proxy says so', async () => {
    const { ask } = await serve(trusted);
    const setBy = async (proto: string): Promise<string | undefined> =>
      (
        await ask('/noticed', {
          form: {},
          headers: { ...as('viewer'), 'x-forwarded-proto': proto },
        })
      ).headers['set-cookie']?.[0];
    expect(await setBy('https')).toMatch(/^notice=.*; Secure/);
    expect(await setBy('http')).not.toMatch(/Secure/);
  });

  it('signing out is the business of the proxy', async () => {
    const { ask } = await serve(trusted);
    const answer = await ask('/sign-out', { form: {}, headers: as('viewer') });
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('sign out there')]);
  });

  it('passwords work too, and the browser is who fails, not the proxy', async () => {
    const { ask, logger } = await serve({ ...trusted, CONSOLE_USERS_FILE: usersFile() });
    const headers = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7, 10.0.0.2' };
    await ask('/sign-in', { form: { name: 'edith', password: 'another one' }, headers });
    const answer = await ask('/sign-in', { form: { name: 'edith', password }, headers });
    const page = await ask('/me', { headers: { cookie: cookieIn(answer) ?? '' } });
    expect(JSON.parse(page.body)).toEqual({ name: 'edith', role: 'editor' });
    const addresses = [...logger.of('sign_in_refused'), ...logger.of('sign_in')];
    expect(addresses.map(({ fields }) => fields['address'])).toEqual([
      '198.51.100.7',
      '198.51.100.7',
    ]);
  });
});
