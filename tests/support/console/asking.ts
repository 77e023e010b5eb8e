import type { Page } from 'playwright-core';
import type { ConsoleWorld } from './consoleWorld.ts';
import { submit } from './driveActs.ts';

/** Somebody of Support at work, whose every click and field is counted. */
export interface Asking {
  /** A link or a button, by what it says. */
  click(name: RegExp | string, within?: string): Promise<void>;
  /** Fills in a field, and presses Enter. */
  field(label: string, value: string): Promise<void>;
  /** Resolves with the text of the page, once the answer is in it. */
  reads(answer: RegExp): Promise<string>;
  /** So far. */
  effort(): Readonly<Record<'clicks' | 'fields', number>>;
  readonly page: Page;
}

/** Begins at the overview, as somebody does who has just been asked. */
export async function beginAsking(world: ConsoleWorld): Promise<Asking> {
  const visit = await world.visit({ role: 'editor' });
  await visit.open('/');
  const { page } = visit;
  let clicks = 0;
  let fields = 0;
  return {
    page,
    async click(name, within = 'body') {
      clicks += 1;
      const named = { name, exact: true } as const;
      const scope = page.locator(within);
      const target = scope.getByRole('link', named).or(scope.getByRole('button', named)).first();
      await submit(visit, async () => await target.click());
    },
    async field(label, value) {
      fields += 1;
      const field = page.getByLabel(label, { exact: true }).and(page.locator('input'));
      await field.fill(value);
      await submit(visit, async () => await field.press('Enter'));
    },
    async reads(answer) {
      const found = page.locator('main').filter({ hasText: answer });
      await found.waitFor();
      return (await found.textContent()) ?? '';
    },
    effort: () => ({ clicks, fields }),
  };
}
