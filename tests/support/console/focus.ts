import type { Page } from 'playwright-core';

/** Where the keyboard has come to. */
interface Focus {
  /** Of the element among all; -1 for none. */
  readonly index: number;
  readonly html: string;
  /** Something is drawn around it, and it lies within the window. */
  readonly isVisible: boolean;
}

/** What can be used, and can be seen. Of radio buttons of one name one can be reached. */
const usable = `
  [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]',
  )].filter((each) => !each.disabled && each.checkVisibility({ visibilityProperty: true }))
    .filter((each) => each.type !== 'radio' || each.checked)
`;

export interface Journey {
  /** What can be used but was never reached. */
  readonly missed: readonly string[];
  /** What was reached and does not show it. */
  readonly unseen: readonly string[];
  readonly reached: number;
}

const STEPS_AT_MOST = 1_000;

/** Presses Tab from the top of the page until it has come round. */
export async function tabThrough(page: Page): Promise<Journey> {
  await page.evaluate(`window.scrollTo(0, 0); document.activeElement?.blur()`);
  const all = await page.evaluate<string[]>(`(${usable}).map((each) => each.outerHTML)`);
  const seen = new Map<number, Focus>();
  let before = -1;
  for (let step = 0; step < STEPS_AT_MOST; step += 1) {
    await page.keyboard.press('Tab');
    const focus = await focusOf(page);
    // A date has several parts, of which each is stopped at.
    const isRound = seen.has(focus.index) && focus.index !== before;
    if (focus.index === -1 || isRound) break;
    if (!seen.has(focus.index)) seen.set(focus.index, focus);
    before = focus.index;
  }
  return {
    missed: all.filter((_, index) => !seen.has(index)).map((html) => html.slice(0, 160)),
    unseen: [...seen.values()].filter(({ isVisible }) => !isVisible).map(({ html }) => html),
    reached: seen.size,
  };
}

/** Of the element that has the focus now. */
export async function focusOf(page: Page): Promise<Focus> {
  return await page.evaluate<Focus>(`(() => {
    const each = document.activeElement;
    const style = getComputedStyle(each);
    const { top, bottom, left, right } = each.getBoundingClientRect();
    const isInside = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
    const isOutlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    return {
      index: (${usable}).indexOf(each),
      html: each.outerHTML.slice(0, 160),
      isVisible: isInside && isOutlined,
    };
  })()`);
}
