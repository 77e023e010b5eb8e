import { describe, expect, it } from '@jest/globals';
import { routes } from '../../src/console/routes.ts';
import { useConsole } from '../support/console/consoleWorld.ts';
import { driveActs, type DrivenAct } from '../support/console/driveActs.ts';

const world = useConsole(import.meta.url);

const posted = routes.filter(({ method }) => method === 'POST').map(({ path }) => path);

describe('every act of the console', () => {
  let driven: readonly DrivenAct[] = [];

  it('works with a mouse on a wide, dark page', async () => {
    const visit = await world().visit({ theme: 'dark', width: 1280 });
    driven = await driveActs(world(), visit, {
      routes,
      press: async (button) => await button.click(),
    });
    const wrong = driven.filter(
      ({ status, problems, wide, axe }) =>
        status !== 200 || problems.length + wide.length + axe.length > 0,
    );
    expect(wrong).toEqual([]);
  }, 600_000);

  it('was offered by some page', () => {
    const pressed = new Set(driven.map(({ route }) => route));
    expect(posted.filter((path) => !pressed.has(path))).toEqual([]);
    expect(posted.length).toBeGreaterThan(10);
  });

  it('is in the audit', () => {
    expect(driven.filter(({ audited }) => audited === 0)).toEqual([]);
    expect(driven.length).toBeGreaterThan(10);
  });
});
