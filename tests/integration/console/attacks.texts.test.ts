import { describe, expect, it } from '@jest/globals';
import { roles, type Role } from '../../../src/support/consoleRole.ts';
import { routes, seededPathOf, useAttackedConsole } from '../../support/attackedConsole.ts';
import { as, cookieIn, type Answer } from '../../support/consoleUnderTest.ts';
import { hostile, script } from '../../support/hostileTexts.ts';
import { actsIn, linksIn, unsafeParts } from '../../support/safeHtml.ts';

const attacked = useAttackedConsole(import.meta.url);

/** More pages, and more acts, than there are kinds of them. */
const MOST = 150;

/** All pages of what was seeded, and of what looks for it. */
function beginnings(): readonly string[] {
  const pages = routes.filter(({ method }) => method === 'GET').map(seededPathOf);
  const searches = [script, hostile.number, hostile.phononUuid, hostile.id].map(
    (text) => `/find?q=${encodeURIComponent(text)}&day=today`,
  );
  return [...pages, ...searches, `/probe/${encodeURIComponent(script)}`];
}

interface Visited {
  readonly unsafe: readonly string[];
  /** Where hostile texts are shown. */
  readonly shown: readonly string[];
  readonly acts: ReadonlyMap<string, readonly [path: string, fields: string]>;
}

/** Visits all pages that links lead to, and follows redirects as a browser does. */
async function visitAll(role: Role): Promise<Visited> {
  const { served } = attacked();
  const left = [...new Set(beginnings())];
  const seen = new Set<string>();
  const unsafe: string[] = [];
  const shown: string[] = [];
  const acts = new Map<string, readonly [string, string]>();
  for (let path = left.shift(); path !== undefined; path = left.shift()) {
    if (seen.has(path) || seen.size === MOST) continue;
    seen.add(path);
    const answer = await served.ask(path, { headers: as(role) });
    expect([path, answer.status < 500]).toEqual([path, true]);
    for (const part of unsafeParts(answer)) unsafe.push(`${path}: ${part.slice(0, 200)}`);
    if (answer.body.includes('&lt;script&gt;')) shown.push(path);
    for (const act of actsIn(answer)) acts.set(act.join('?'), act);
    const links = [...linksIn(answer), answer.headers.location ?? ''];
    left.push(...links.filter((link) => /^\/(?!\/|static\/|sign-)/.test(link)));
  }
  return { unsafe, shown, acts };
}

describe.each(roles)('a page for the role %s', (role) => {
  it('shows what customers and receivers wrote as text only, wherever links lead to', async () => {
    const { unsafe, shown } = await visitAll(role);
    expect(unsafe).toEqual([]);
    // Else it would have looked at pages that show nothing.
    expect(shown.length).toBeGreaterThan(0);
  });
});

describe('acts', () => {
  it('show it as text only, too: what is revealed, refused, changed', async () => {
    const { served } = attacked();
    const { acts } = await visitAll('editor');
    const unsafe: string[] = [];
    for (const [path, fields] of [...acts.values()].slice(0, MOST)) {
      if (path === '/sign-out') continue;
      const answer = await served.ask(path, { form: fields, headers: as('editor') });
      expect([path, answer.status < 500]).toEqual([path, true]);
      const cookie = cookieIn(answer, 'notice');
      const then =
        cookie === null
          ? answer
          : await served.ask(answer.headers.location ?? '/', {
              headers: { ...as('editor'), cookie },
            });
      for (const part of [...unsafeParts(answer), ...unsafeParts(then)]) {
        unsafe.push(`${path}: ${part.slice(0, 200)}`);
      }
    }
    expect(unsafe).toEqual([]);
  });
});

describe('what a person is told', () => {
  const editor = as('editor');

  it('in a notice is text', async () => {
    const { served } = attacked();
    const form = { probe: script };
    const redirect = await served.ask('/probe/1', { form, headers: editor });
    const cookie = cookieIn(redirect, 'notice') ?? '';
    const page = await served.ask('/probe/1', { headers: { ...editor, cookie } });
    expect(page.body).toContain('Notice of');
    expect(page.body).toContain('&lt;script&gt;');
    expect(unsafeParts(page)).toEqual([]);
  });

  it.each<[string, () => Promise<Answer>]>([
    [
      'in a refusal',
      async () =>
        await attacked().served.ask('/probe-refused', { form: { probe: script }, headers: editor }),
    ],
    [
      'in its own name',
      async () => await attacked().served.ask('/none', { headers: as('viewer', script) }),
    ],
    [
      'in the name without a role',
      async () =>
        await attacked().served.ask('/probe/1', {
          headers: { 'x-forwarded-user': script, 'x-forwarded-groups': 'none' },
        }),
    ],
    [
      'in the query',
      async () =>
        await attacked().served.ask(`/probe/1?probe=${encodeURIComponent(script)}`, {
          headers: editor,
        }),
    ],
  ])('%s is text', async (_where, ask) => {
    const answer = await ask();
    expect(answer.status).toBeGreaterThan(0);
    expect(unsafeParts(answer)).toEqual([]);
  });

  it('would be found if it were not: the search finds what a page must not have', () => {
    const html = (body: string): Answer => ({
      ...{ status: 200, headers: { 'content-type': 'text/html' } },
      body: `<!doctype html><html><body>${body}</body></html>`,
    });
    for (const part of [
      script,
      '<p onclick="alert(1)">',
      '<a href="javascript:alert(1)">x</a>',
      '<form action="https://evil.example/"></form>',
      '<form action="//evil.example/"></form>',
      '<script src="https://evil.example/x.js"></script>',
      '<script src="/static/console.js">alert(1)</script>',
      '<img src="https://evil.example/x.png">',
      '<iframe srcdoc="x"></iframe>',
      '<p style="color: red">x</p>',
      '<style>p { color: red }</style>',
      '<svg onload="alert(1)"></svg>',
      '<base href="https://evil.example/">',
    ]) {
      expect([part, unsafeParts(html(part)).length > 0]).toEqual([part, true]);
    }
    expect(
      unsafeParts(html('<a href="/sms/1">x</a><script src="/static/console.js"></script>')),
    ).toEqual([]);
  });
});
