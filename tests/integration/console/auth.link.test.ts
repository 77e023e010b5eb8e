import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  as,
  cookieIn,
  probeRoute,
  startConsole,
  type Answer,
  type ConsoleUnderTest,
} from '../../support/consoleUnderTest.ts';

const routes = [probeRoute('GET', '/me', 'editor')];
let served: ConsoleUnderTest;
beforeEach(async () => {
  served = await startConsole({ routes });
});
afterEach(async () => await served.close());

function linkPath(): string {
  const [line] = served.logger.of('console_link');
  return new URL(String(line?.fields['url'])).pathname;
}

async function open(headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return await served.ask(linkPath(), { headers });
}

describe('the link that the console prints', () => {
  it('leads to where it listens, and can not be guessed', () => {
    const [line] = served.logger.of('console_link');
    expect(line?.fields['url']).toMatch(
      new RegExp(`^http://127\\.0\\.0\\.1:${served.port}/token/[\\w-]{43}$`),
    );
  });

  it('signs one person in, once', async () => {
    const answer = await open();
    expect(answer).toMatchObject({ status: 303, headers: { location: '/' } });
    const cookie = cookieIn(answer) ?? '';
    const me = await served.ask('/me', { headers: { cookie } });
    expect(JSON.parse(me.body)).toEqual({ name: 'token', role: 'editor' });
    const again = await open();
    expect([again.status, cookieIn(again)]).toEqual([403, null]);
    expect(again.body).toContain('This link is used: restart the console');
    expect(served.logger.of('sign_in').map(({ fields }) => fields)).toEqual([
      { user: 'token', role: 'editor', address: '127.0.0.1' },
    ]);
  });

  it('signs in only one of those who open it at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, async () => await open()));
    expect(answers.filter((answer) => cookieIn(answer) !== null)).toHaveLength(1);
  });

  it('is not used up by a program that only asks what it is, nor by a wrong one', async () => {
    await served.ask(linkPath(), { method: 'HEAD' });
    const wrong = await served.ask(`${linkPath()}x`);
    expect([wrong.status, wrong.body]).toEqual([
      403,
      expect.stringContaining('This link is wrong'),
    ]);
    expect((await open()).status).toBe(303);
  });

  it('shows a page to who comes from another site, as the cookie would not be sent along', async () => {
    const answer = await open({ 'sec-fetch-site': 'cross-site' });
    expect([answer.status, cookieIn(answer)]).toEqual([200, expect.any(String)]);
    expect(answer.body).toContain('You are signed in.');
  });

  it('is all there is: others are told to open it', async () => {
    const answer = await served.ask('/me');
    expect([answer.status, answer.body]).toEqual([
      401,
      expect.stringContaining('Open the link that the console printed'),
    ]);
    expect((await served.ask('/me', { headers: as('editor') })).status).toBe(401);
    expect((await served.ask('/sign-in')).status).toBe(404);
  });

  it('has a session that ends by signing out', async () => {
    const cookie = cookieIn(await open()) ?? '';
    const out = await served.ask('/sign-out', { form: {}, headers: { cookie } });
    expect([out.status, out.body]).toEqual([200, expect.stringContaining('You are signed out')]);
    expect((await served.ask('/me', { headers: { cookie } })).status).toBe(401);
  });
});

describe('a site whose name was made to lead to the console', () => {
  it.each([
    'evil.example',
    'evil.example:8090',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
  ])('gets nothing as %s', async (host) => {
    expect((await open({ host })).status).toBe(403);
    const cookie = cookieIn(await open()) ?? '';
    const page = await served.ask('/me', { headers: { host, cookie } });
    expect([page.status, page.body]).toEqual([
      403,
      expect.stringContaining('Open the console by the link'),
    ]);
    expect(served.visits).toEqual([]);
  });

  it.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST:8090'])('is not %s', async (host) => {
    const cookie = cookieIn(await open()) ?? '';
    expect((await served.ask('/me', { headers: { host, cookie } })).status).toBe(200);
  });
});

describe('without any other way in', () => {
  it.each(['0.0.0.0', '::', '192.0.2.7', 'console.example', '127.0.0.1.example', '128.0.0.1'])(
    'the console does not listen on %s',
    async (host) => {
      await expect(startConsole({ settings: { CONSOLE_HOST: host } })).rejects.toMatchObject({
        name: 'ConfigurationError',
        message: expect.stringMatching(/set CONSOLE_USERS_FILE or CONSOLE_PROXY_CIDRS, so that/),
      });
    },
  );

  it.each(['localhost', '127.0.0.2', '::1'])('but it does on %s', async (host) => {
    const other = await startConsole({ settings: { CONSOLE_HOST: host } });
    const [line] = other.logger.of('console_link');
    const named = host === '::1' ? '[::1]' : host;
    await other.close();
    expect(line?.fields['url']).toContain(`http://${named}:${other.port}/token/`);
  });
});
