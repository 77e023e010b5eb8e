import { describe, expect, it } from '@jest/globals';
import { mayAct } from '../../../src/console/role.ts';
import { roles, type Role } from '../../../src/support/consoleRole.ts';
import { pathOf, routes, useAttackedConsole } from '../../support/attackedConsole.ts';
import { as, startConsole, type Answer, type Asked } from '../../support/consoleUnderTest.ts';

const attacked = useAttackedConsole(import.meta.url);
const acts = routes.filter(({ method }) => method === 'POST');

type Headers = Asked['headers'];

/** Asks each of these routes, and says which answers are not as they must be, or whose handler was called. */
async function offenders(
  of: typeof routes,
  asked: (route: (typeof routes)[number]) => Asked,
  isRight: (answer: Answer, wasCalled: boolean) => boolean,
): Promise<readonly string[]> {
  const { served } = attacked();
  const found: string[] = [];
  for (const route of of) {
    const before = served.visits.length;
    const answer = await served.ask(pathOf(route, '1'), { method: route.method, ...asked(route) });
    const called = served.visits.slice(before).includes(`${route.method} ${route.path}`);
    if (isRight(answer, called)) continue;
    found.push(`${route.method} ${route.path}: ${answer.status}${called ? ', called' : ''}`);
  }
  return found;
}

const formOf = ({ method }: { readonly method: string }, headers: Headers = {}): Asked =>
  method === 'POST' ? { form: {}, headers: headers ?? {} } : { headers: headers ?? {} };

it('has routes to attack, each with a role', () => {
  expect(routes.length).toBeGreaterThan(2);
  expect(acts.length).toBeGreaterThan(1);
  expect(routes.filter(({ role }) => role === 'anyone')).toEqual([]);
});

describe('without a session', () => {
  it.each([
    ['nothing', {}],
    ['an empty cookie', { cookie: 'session=' }],
    ['an invented cookie', { cookie: `session=${'a'.repeat(80)}.${'b'.repeat(43)}%3D` }],
    ['a password of HTTP', { authorization: 'Basic ZWRpdGg6Y29ycmVjdCBob3JzZQ==' }],
    ['only groups', { 'x-forwarded-groups': 'editor' }],
    [
      'other names for headers',
      { 'x-forwarded-user_': 'root', 'x-user': 'root', 'remote-user': 'root' },
    ],
  ])('no route answers to %s', async (_what, headers) => {
    const wrong = await offenders(
      routes,
      (route) => formOf(route, headers),
      ({ status }, wasCalled) => status === 401 && !wasCalled,
    );
    expect(wrong).toEqual([]);
  });
});

describe.each(roles)('a person of role %s', (has: Role) => {
  it('gets exactly what the role may', async () => {
    const may = routes.filter(({ role }) => role !== 'anyone' && mayAct(has, role));
    const mayNot = routes.filter((route) => !may.includes(route));
    const refused = await offenders(
      mayNot,
      (route) => formOf(route, as(has)),
      ({ status, body }, wasCalled) =>
        status === 403 && !wasCalled && body.includes(`a ${has} has`),
    );
    expect(refused).toEqual([]);
    const answered = await offenders(
      may,
      (route) => formOf(route, as(has)),
      ({ status }, wasCalled) => wasCalled && ![401, 403].includes(status) && status < 500,
    );
    expect(answered).toEqual([]);
    expect(may.length).toBeGreaterThan(0);
  });
});

describe('another site', () => {
  it.each<[string, Headers]>([
    ['says so', { 'sec-fetch-site': 'cross-site' }],
    ['is a neighbour', { 'sec-fetch-site': 'same-site' }],
    ['comes from the address line', { 'sec-fetch-site': 'none' }],
    ['says nothing', {}],
    ['names its origin', { origin: 'https://evil.example' }],
    ['hides its origin', { origin: 'null' }],
    ['names an origin that is none', { origin: 'evil' }],
    ['lies about its origin', { 'sec-fetch-site': 'cross-site', origin: 'http://127.0.0.1' }],
    ['only has a referrer', { referer: 'http://127.0.0.1/' }],
    ['sends text', { 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' }],
    [
      'sends an upload',
      { 'sec-fetch-site': 'cross-site', 'content-type': 'multipart/form-data; boundary=x' },
    ],
    ['sends JSON', { 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' }],
  ])('has nobody act by a form when it %s', async (_what, headers) => {
    const wrong = await offenders(
      acts,
      () => ({ body: 'probe=1', headers: { ...as('editor'), ...headers } }),
      ({ status }, wasCalled) => status === 403 && !wasCalled,
    );
    expect(wrong).toEqual([]);
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('has nobody act by %s', async (method) => {
    const wrong = await offenders(
      routes,
      () => ({ method, headers: { ...as('editor'), 'sec-fetch-site': 'cross-site' } }),
      ({ status, headers }, wasCalled) =>
        status === 403 && !wasCalled && headers['access-control-allow-origin'] === undefined,
    );
    expect(wrong).toEqual([]);
  });

  it('is not who sends the origin of the console', async () => {
    const { served } = attacked();
    const headers = { ...as('editor'), origin: `http://127.0.0.1:${served.port}` };
    const body = 'probe=1';
    const answer = await served.ask('/probe/1', { method: 'POST', body, headers });
    expect(answer.status).toBe(303);
  });

  it('changes nothing by links: no GET leads to what only a POST does', async () => {
    const wrong = await offenders(
      acts,
      () => ({ method: 'GET', headers: as('editor') }),
      (_answer, wasCalled) => !wasCalled,
    );
    expect(wrong).toEqual([]);
  });
});

describe('headers that only a proxy may send', () => {
  it('do not count from anywhere else', async () => {
    const settings = { CONSOLE_PROXY_CIDRS: '10.0.0.0/8,::1' };
    const elsewhere = await startConsole({ settings, routes });
    const statuses = new Set<number>();
    for (const route of routes) {
      const headers = { ...as('editor'), 'x-forwarded-for': '10.0.0.1', 'x-real-ip': '10.0.0.1' };
      const { status } = await elsewhere.ask(pathOf(route, '1'), {
        ...formOf(route, headers),
        method: route.method,
      });
      statuses.add(status);
    }
    await elsewhere.close();
    expect([...statuses]).toEqual([401]);
    expect(elsewhere.visits).toEqual([]);
  });
});

describe('every answer', () => {
  const editor = as('editor');
  it.each<[string, string, Asked]>([
    ['a page', '/probe/1', { headers: editor }],
    ['a page that is missing', '/none', { headers: editor }],
    ['a file', '/static/console.css', {}],
    ['a file that is missing', '/static/..%2fpackage.json', {}],
    ['a probe', '/livez', {}],
    ['a challenge', '/probe/1', {}],
    ['a role that is too low', '/probe-refused', { form: {}, headers: as('viewer') }],
    ['another site', '/probe/1', { method: 'POST', headers: editor }],
    ['a refusal', '/probe-refused', { form: { probe: '1' }, headers: editor }],
    [
      'a form that is too large',
      '/probe/1',
      { form: { probe: 'x'.repeat(70_000) }, headers: editor },
    ],
    ['a redirect', '/probe/1', { form: { probe: '1' }, headers: editor }],
    ['the head of a page', '/probe/1', { method: 'HEAD', headers: editor }],
    ['signing out', '/sign-out', { form: {}, headers: editor }],
    ['a path that is no text', '/probe/%ff%fe', { headers: editor }],
  ])('forbids what is not its own: %s', async (_what, path, asked) => {
    const { headers, status } = await attacked().served.ask(path, asked);
    expect(status).toBeLessThan(500);
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; .*form-action 'self'.*base-uri 'none'.*frame-ancestors 'none'/,
    );
    expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|data:|http/);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': expect.stringMatching(/^no-(?:store|cache)$/),
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
    });
  });
});
