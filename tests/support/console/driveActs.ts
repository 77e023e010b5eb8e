import type { Locator } from 'playwright-core';
import type { Route } from '../../../src/console/context.ts';
import { actsOn, buttonOf, fillIn, routeOf, type FoundAct } from './acts.ts';
import type { Visit } from './browser.ts';
import type { ConsoleWorld } from './consoleWorld.ts';
import { seriousFindings, unfold, wideningOf } from './inspect.ts';
import { until } from '../until.ts';
import { mainPages, smsPages } from './pages.ts';

/** What came of pressing one button. */
export interface DrivenAct {
  /** `/sms/:smsId/resend: Send again` */
  readonly act: string;
  readonly route: string;
  readonly status: number;
  readonly problems: readonly string[];
  readonly wide: readonly string[];
  /** Nothing where no scripts run. */
  readonly axe: readonly string[];
  /** Entries that it has added to the audit. */
  readonly audited: number;
}

interface Driving {
  readonly routes: readonly Route[];
  /** How the button is pressed. */
  press(button: Locator): Promise<void>;
}

/** More would be acts that bring forth others for ever. */
const ACTS_AT_MOST = 200;

/**
 * Presses every button of every page that changes or reveals something, each once for a route and a label, and those on
 * the pages that come of it; what others have changed meanwhile may bring more, so until there are no new ones.
 */
export async function driveActs(
  world: ConsoleWorld,
  visit: Visit,
  { routes, press }: Driving,
): Promise<readonly DrivenAct[]> {
  const done = new Map<string, DrivenAct>();
  const visited = new Set<string>();
  const drive = async (act: FoundAct, name: string, route: string): Promise<void> => {
    const before = await auditedIn(world);
    await fillIn(visit.page, act, fillingsFor(world));
    const status = await submit(visit, async () => await press(buttonOf(visit.page, act)));
    await unfold(visit.page);
    done.set(name, {
      ...{ act: name, route, status },
      problems: visit.problems(),
      wide: await wideningOf(visit.page),
      axe: visit.javaScript ? await seriousFindings(visit.page) : [],
      audited: (await auditedIn(world)) - before,
    });
    const { pathname } = new URL(visit.page.url());
    // At once: what it shows may be over soon.
    if (pathname !== act.action && !visited.has(pathname)) await driveOn(pathname);
  };
  const driveOn = async (path: string): Promise<void> => {
    visited.add(path);
    for (;;) {
      await openSettled(visit, path);
      visit.problems();
      const next = (await actsOn(visit.page))
        .map((act) => ({ act, route: routeOf(routes, 'POST', act.action)?.path ?? act.action }))
        .map((each) => ({ ...each, name: `${each.route}: ${withoutNumbers(each.act.label)}` }))
        .find(({ name }) => !done.has(name));
      if (next === undefined) return;
      if (done.size >= ACTS_AT_MOST) throw new Error(`more than ${ACTS_AT_MOST} different acts`);
      await drive(next.act, next.name, next.route);
    }
  };
  const paths = [...mainPages(world), ...smsPages(world)].map(({ path }) => path);
  let before = -1;
  while (done.size > before) {
    before = done.size;
    for (const path of new Set([...paths, ...visited])) await driveOn(path);
  }
  return [...done.values()];
}

/** The same act on another flow or webhook is no other act. */
function withoutNumbers(label: string): string {
  return label.replaceAll(/\d+/g, '…');
}

/** Opens a page, again and again while it counts something. */
async function openSettled({ open, page }: Visit, path: string): Promise<void> {
  await until(`${path} counts no more`, async () => {
    await open(path);
    return (await page.locator('progress:not([value])').count()) === 0;
  });
  await unfold(page);
}

/** Does what sends a form; the status of the page that comes of it. */
export async function submit({ page }: Visit, send: () => Promise<void>): Promise<number> {
  const answered = page.waitForResponse(
    (response) =>
      response.request().isNavigationRequest() &&
      response.frame() === page.mainFrame() &&
      !(response.status() >= 300 && response.status() < 400),
  );
  const loaded = page.waitForEvent('load');
  await send();
  const [response] = await Promise.all([answered, loaded]);
  return response.status();
}

async function auditedIn({ db }: ConsoleWorld): Promise<number> {
  return await db.collection('notify_on_delivery_audit').countDocuments();
}

/** By the names of fields. */
function fillingsFor({ receiver }: ConsoleWorld): Readonly<Record<string, string>> {
  const anHourAgo = new Date(Date.now() - 3_600_000).toISOString();
  return {
    url: receiver.url('/another'),
    // No webhook has it yet, however often this is filled in.
    name: `another ${Date.now().toString(36)}`,
    headers: 'x-team: support',
    flow: '290',
    flowId: '290',
    since: anHourAgo,
    rate: '50',
  };
}
