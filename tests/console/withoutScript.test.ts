import { describe, expect, it } from '@jest/globals';
import { routes } from '../../src/console/routes.ts';
import { useConsole } from '../support/console/consoleWorld.ts';
import { driveActs } from '../support/console/driveActs.ts';
import { mainPages } from '../support/console/pages.ts';

const world = useConsole(import.meta.url);

describe('without JavaScript', () => {
  it('every page says what it says with it', async () => {
    const [with_, without] = [await world().visit(), await world().visit({ javaScript: false })];
    for (const { path } of mainPages(world())) {
      const titles: string[] = [];
      for (const { open, page } of [with_, without]) {
        expect(await open(path)).toBe(200);
        titles.push((await page.locator('h1, h2').allTextContents()).join('\n'));
      }
      expect(titles[1]).toBe(titles[0]);
      expect(titles[0]).not.toBe('');
    }
  }, 120_000);

  it('every act works on a narrow page', async () => {
    const visit = await world().visit({ javaScript: false, width: 380 });
    const driven = await driveActs(world(), visit, {
      routes,
      press: async (button) => await button.click(),
    });
    expect(driven.filter(({ status, wide }) => status !== 200 || wide.length > 0)).toEqual([]);
    expect(driven.length).toBeGreaterThan(10);
  }, 600_000);

  it('buttons that need it are not there', async () => {
    const { open, page } = await world().visit({ javaScript: false });
    for (const { path } of mainPages(world())) {
      await open(path);
      expect(await page.locator('[data-copy]:visible').count()).toBe(0);
    }
  });
});
