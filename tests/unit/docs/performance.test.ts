import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { docsOf, storedReport, withBlock } from '../../../scripts/bench/docs.ts';

const docs = join(packageRoot(), 'docs');
const folder = join(docs, 'performance');

// "npm run bench -- --from docs/performance/results.json --write-docs" fixes it.
it('docs/performance.md and its plots match the stored results', async () => {
  const { block, images } = docsOf(await storedReport(docs));
  const page = readFileSync(join(docs, 'performance.md'), 'utf8');
  expect(page).toBe(withBlock(page, block));
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const plots = names.filter((name) => name.endsWith('.svg'));
  const stored = plots.map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
  expect(new Map(stored)).toEqual(images);
});
