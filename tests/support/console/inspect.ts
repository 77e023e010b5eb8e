import axe from 'axe-core';
import type { Page } from 'playwright-core';

// Texts, since functions given to the browser would need the types of a document.

/** By how many pixels the page is wider than its window. */
async function overflowOf(page: Page): Promise<number> {
  return await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
}

/** By how much it is wider, and some elements that reach beyond the window; nothing when it is not. */
export async function wideningOf(page: Page): Promise<readonly string[]> {
  const overflow = await overflowOf(page);
  if (overflow <= 0) return [];
  const beyond = await page.evaluate<string[]>(`
    [...document.querySelectorAll('main *, header *')]
      .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .slice(0, 5)
      .map((each) => each.outerHTML.slice(0, 160))
  `);
  return [`${overflow} pixels`, ...beyond];
}

/** What axe finds to be serious or critical, with where. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(`${axe.source}; undefined`);
  const { violations } = await page.evaluate<axe.AxeResults>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

/** Shows what is folded up, as somebody would who clicks on it. */
export async function unfold(page: Page): Promise<void> {
  await page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))");
}
