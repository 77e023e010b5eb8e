import { describe, expect, it } from '@jest/globals';
import { routes } from '../../src/console/routes.ts';
import { useConsole } from '../support/console/consoleWorld.ts';
import { driveActs } from '../support/console/driveActs.ts';
import { focusOf, tabThrough } from '../support/console/focus.ts';
import { unfold } from '../support/console/inspect.ts';
import { mainPages, smsPath } from '../support/console/pages.ts';

const world = useConsole(import.meta.url);

describe('by keyboard', () => {
  it('everything that can be used is reached, and shows that it is', async () => {
    const { open, page } = await world().visit({ theme: 'dark' });
    const { sms } = world();
    const paths = [...mainPages(world()).map(({ path }) => path), smsPath(sms, 'blocked')];
    for (const path of paths) {
      await open(path);
      await unfold(page);
      const { missed, unseen, reached } = await tabThrough(page);
      expect({ path, missed, unseen }).toEqual({ path, missed: [], unseen: [] });
      expect(reached).toBeGreaterThan(5);
    }
  }, 180_000);

  it('the first step leads past the navigation', async () => {
    const { open, page } = await world().visit();
    await open('/endpoints');
    await page.keyboard.press('Tab');
    const { html, isVisible } = await focusOf(page);
    expect({ isSkipLink: html.includes('class="skip"'), isVisible }).toEqual({
      isSkipLink: true,
      isVisible: true,
    });
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    const isInContent = await page.evaluate<boolean>(
      "document.querySelector('main').contains(document.activeElement)",
    );
    expect(isInContent).toBe(true);
  });

  it('every act works', async () => {
    const visit = await world().visit();
    const driven = await driveActs(world(), visit, {
      routes,
      async press(button) {
        await button.focus();
        await visit.page.keyboard.press('Enter');
      },
    });
    expect(driven.filter(({ status }) => status !== 200)).toEqual([]);
    expect(driven.length).toBeGreaterThan(10);
  }, 600_000);
});
