import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { docsOf, withBlock } from '../../../scripts/bench/docsOf.ts';
import { storedReport } from '../../../scripts/bench/writeDocs.ts';

const docs = join(packageRoot(), 'docs');
const folder = join(docs, 'performance');

// "npm run bench -- --from docs/performance/results.json --write-docs" mends it.
it('docs/performance.md and its plots are what the stored results say', async () => {
  const { block, images } = docsOf(await storedReport(docs));
  const page = readFileSync(join(docs, 'performance.md'), 'utf8');
  expect(page).toBe(withBlock(page, block));
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const plots = names.filter((name) => name.endsWith('.svg'));
  const stored = plots.map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
  expect(new Map(stored)).toEqual(images);
});
