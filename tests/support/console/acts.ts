import type { Locator, Page } from 'playwright-core';
import type { Route } from '../../../src/console/context.ts';

/** One button of a form that changes or reveals something. */
export interface FoundAct {
  /** Of the page that has it. */
  readonly on: string;
  /** Its place among the forms of the page. */
  readonly form: number;
  /** Where it is sent to. */
  readonly action: string;
  /** What its button says. */
  readonly label: string;
  readonly fields: readonly Readonly<{
    name: string;
    type: string;
    value: string;
    isRequired: boolean;
  }>[];
}

/** All of a page that is open, but that for signing out. */
export async function actsOn(page: Page): Promise<readonly FoundAct[]> {
  const found = await page.evaluate<Omit<FoundAct, 'on'>[]>(`
    [...document.forms].map((form, index) => ({
      form: index,
      isAct: form.method === 'post',
      action: new URL(form.getAttribute('action') ?? '', location.href).pathname,
      label: form.querySelector('button[type=submit], button:not([type])')?.textContent.trim() ?? '',
      fields: [...form.elements]
        .filter((each) => each.name !== '' && each.type !== 'hidden' && each.type !== 'submit')
        .map((each) => ({
          name: each.name,
          type: each.type,
          value: each.value,
          isRequired: each.required,
        })),
    })).filter((each) => each.isAct && each.action !== '/sign-out')
  `);
  const on = new URL(page.url());
  return found.map((act) => ({ ...act, on: `${on.pathname}${on.search}` }));
}

/** Which route an address belongs to; undefined for none. */
export function routeOf(
  routes: readonly Route[],
  method: Route['method'],
  path: string,
): Route | undefined {
  return routes.find((route) => route.method === method && patternOf(route.path).test(path));
}

function patternOf(path: string): RegExp {
  const segments = path
    .split('/')
    .map((segment) =>
      /^:\w+(?:\{.*\})?\??$/.test(segment)
        ? '[^/]+'
        : segment.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    );
  return new RegExp(`^${segments.join('/')}$`);
}

/** Fills what must be filled in, by the names of the fields. Throws for one that it has nothing for. */
export async function fillIn(
  page: Page,
  act: FoundAct,
  fillings: Readonly<Record<string, string>>,
): Promise<void> {
  const form = formOf(page, act);
  for (const { name, type, value, isRequired } of act.fields) {
    const filling = fillings[name];
    const field = form.locator(`[name="${name}"]`);
    if (type === 'checkbox' || type === 'radio' || type.startsWith('select')) continue;
    if (filling !== undefined && value === '') await field.first().fill(filling);
    else if (isRequired && value === '') {
      throw new Error(`there is nothing to fill into ${name} of ${act.action} on ${act.on}`);
    }
  }
}

function formOf(page: Page, act: FoundAct): Locator {
  return page.locator('form').nth(act.form);
}

/** Its button. */
export function buttonOf(page: Page, act: FoundAct): Locator {
  return formOf(page, act).locator('button[type=submit], button:not([type])').first();
}
