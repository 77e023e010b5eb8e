import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { readProjectFile } from '../../support/deployFiles.ts';

it('leads to every page from the side of the site', () => {
  const linked = [
    ...readProjectFile('site/.vitepress/config.mjs').matchAll(/^ +\['.*', '([\w-]+)'\],$/gm),
    ...readProjectFile('site/.vitepress/config.mjs').matchAll(
      /items: pages\(\['.*', '([\w-]+)'\]\)/g,
    ),
  ].map(([, page = '']) => `${page}.md`);
  const pages = readdirSync(join(packageRoot(), 'docs')).filter((name) => name.endsWith('.md'));
  expect(linked.filter((page) => /^[a-z]/.test(page)).toSorted()).toEqual(pages.toSorted());
});
