import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../config/packageRoot.ts';
import type { Look } from '../support/console/browser.ts';
import { useConsole, type ConsoleWorld } from '../support/console/consoleWorld.ts';
import { accountPath, smsPath } from '../support/console/pages.ts';

const folder = join(packageRoot(), 'docs', 'console');
const isToBeWritten = process.env['UPDATE_SCREENSHOTS'] === '1';

interface Picture extends Partial<Look> {
  readonly name: string;
  path(world: ConsoleWorld): string;
}

const pictures: readonly Picture[] = [
  { name: 'overview', path: () => '/' },
  { name: 'find', path: () => '/find?q=919999999999' },
  { name: 'sms', path: ({ sms }) => smsPath(sms, 'exhausted') },
  { name: 'sms-narrow', path: ({ sms }) => smsPath(sms, 'blocked'), width: 380, theme: 'dark' },
  { name: 'account', path: () => accountPath('crm') },
  { name: 'endpoints', path: () => '/endpoints', theme: 'dark' },
];

const world = useConsole(import.meta.url);

describe.each(pictures)('the picture of $name', ({ name, path, ...as }: Picture) => {
  const file = join(folder, `${name}.png`);

  it('shows the page', async () => {
    const { open, page } = await world().visit(as);
    expect(await open(path(world()))).toBe(200);
    const picture = await page.screenshot({ animations: 'disabled' });
    expect(picture.byteLength).toBeGreaterThan(10_000);
    if (!isToBeWritten) return;
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, picture);
  });

  it('is in the docs', () => {
    expect(existsSync(file)).toBe(true);
    const page = readFileSync(join(packageRoot(), 'docs', 'console.md'), 'utf8');
    expect(page).toContain(`](console/${name}.png)`);
  });
});

it('there are no others', () => {
  const names = pictures.map(({ name }) => `${name}.png`);
  expect(readdirSync(folder).filter((name) => !names.includes(name))).toEqual([]);
});
