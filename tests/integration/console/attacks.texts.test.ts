import { describe, expect, it } from '@jest/globals';
import {
  hostile,
  pathOf,
  routes,
  script,
  useAttackedConsole,
} from '../../support/attackedConsole.ts';
import { as, cookieIn, type Answer } from '../../support/consoleUnderTest.ts';
import { linksIn, unsafeParts } from '../../support/safeHtml.ts';
import { roles } from '../../../src/support/consoleRole.ts';

const attacked = useAttackedConsole(import.meta.url);

/** More pages than there are kinds of pages. */
const MOST_PAGES = 150;

/** Where hostile texts are shown: all pages, of all that was seeded. */
function beginnings(): readonly string[] {
  const ids = [hostile.id, hostile.account, hostile.flow, 1].map((id) =>
    encodeURIComponent(String(id)),
  );
  const pages = routes.filter(({ method }) => method === 'GET');
  const found = [script, hostile.number, hostile.phononUuid, hostile.id].map(
    (text) => `/find?q=${encodeURIComponent(text)}`,
  );
  return [...pages.flatMap((route) => ids.map((id) => pathOf(route, id))), ...found];
}

describe.each(roles)('a page for the role %s', (role) => {
  it('shows what customers and receivers wrote as text only, wherever links lead to', async () => {
    const { served } = attacked();
    const left = [...new Set(beginnings())];
    const seen = new Set<string>();
    const unsafe: string[] = [];
    let shown = 0;
    for (let path = left.shift(); path !== undefined; path = left.shift()) {
      if (seen.has(path) || seen.size === MOST_PAGES) continue;
      seen.add(path);
      const answer = await served.ask(path, { headers: as(role) });
      expect(answer.status).toBeLessThan(500);
      for (const part of unsafeParts(answer)) unsafe.push(`${path}: ${part.slice(0, 200)}`);
      if (answer.body.includes('&lt;script&gt;')) shown += 1;
      left.push(...linksIn(answer).filter((link) => /^\/(?!\/|static\/|sign-)/.test(link)));
    }
    expect(unsafe).toEqual([]);
    // Else it would have looked at pages that show nothing.
    expect(shown).toBeGreaterThan(0);
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
