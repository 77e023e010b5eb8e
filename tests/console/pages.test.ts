import { describe, expect, it } from '@jest/globals';
import { routes } from '../../src/console/routes.ts';
import { routeOf } from '../support/console/acts.ts';
import { looks, type Look } from '../support/console/browser.ts';
import { useConsole } from '../support/console/consoleWorld.ts';
import { seriousFindings, unfold, wideningOf } from '../support/console/inspect.ts';
import { mainPages, refusals, smsPages } from '../support/console/pages.ts';

const world = useConsole(import.meta.url);

/** Parts of pages, and what an act leads to. */
const others = [/\/live$/, /\/count$/, /^\/overview\/hours$/, /^\/jobs\//];

it('every page is among those that are looked at', () => {
  const seen = new Set(
    [...mainPages(world()), ...smsPages(world())].map(
      ({ path }) => routeOf(routes, 'GET', path.split('?')[0] ?? '')?.path,
    ),
  );
  const pages = routes.filter(({ method }) => method === 'GET').map(({ path }) => path);
  const unseen = pages.filter((path) => !seen.has(path) && !others.some((each) => each.test(path)));
  expect(unseen).toEqual([]);
  expect(pages.length).toBeGreaterThan(10);
});

/** What is wrong with a page that is open. */
interface Findings {
  readonly path: string;
  readonly status: number;
  readonly problems: readonly string[];
  readonly wide: readonly string[];
  readonly axe: readonly string[];
}

/** Opens each path in one window. */
async function look(
  paths: readonly string[],
  { role, ...as }: Look & { readonly role?: 'viewer' | 'support' | 'editor' | null },
): Promise<readonly Findings[]> {
  const visit = await world().visit({ ...as, ...(role === undefined ? {} : { role }) });
  const findings: Findings[] = [];
  for (const path of paths) {
    const status = await visit.open(path);
    await unfold(visit.page);
    const problems = visit.problems();
    const wide = await wideningOf(visit.page);
    findings.push({ path, status, problems, wide, axe: await seriousFindings(visit.page) });
  }
  await visit.page.context().close();
  return findings;
}

function fine(paths: readonly string[], status = 200): readonly Findings[] {
  return paths.map((path) => ({ path, status, problems: [], wide: [], axe: [] }));
}

describe.each(looks)('in $theme, $width pixels wide', (as) => {
  it('every page is shown without a complaint of the browser or of axe', async () => {
    const paths = mainPages(world()).map(({ path }) => path);
    expect(await look(paths, as)).toEqual(fine(paths));
  }, 300_000);

  it('the page for signing in is, too', async () => {
    expect(await look(['/sign-in'], { ...as, role: null })).toEqual(fine(['/sign-in']));
  });
});

// Editors see no more of an SMS than support does.
describe.each(['viewer', 'support'] as const)('for a person with the role %s', (role) => {
  it('the page of every SMS is shown without a complaint', async () => {
    const paths = smsPages(world()).map(({ path }) => path);
    const theme = role === 'support' ? 'dark' : 'light';
    expect(await look(paths, { theme, width: 380, role })).toEqual(fine(paths));
  }, 300_000);
});

describe('a page that refuses', () => {
  it.each(refusals)('says why: $name', async ({ path, status }) => {
    const visit = await world().visit({ width: 380 });
    expect(await visit.open(path)).toBe(status);
    expect(await visit.page.getByRole('heading', { level: 1 }).textContent()).not.toBe('');
    expect(await wideningOf(visit.page)).toEqual([]);
    expect(await seriousFindings(visit.page)).toEqual([]);
  });
});

it('shows the markup of others as text', async () => {
  const { visit } = world();
  const { page, open } = await visit();
  const paths = [...mainPages(world()), ...smsPages(world())].map(({ path }) => path);
  for (const path of paths) {
    await open(path);
    expect(await page.title()).not.toBe('run');
    expect(await page.locator('main img, main script').count()).toBe(0);
  }
}, 120_000);
