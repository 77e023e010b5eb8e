import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { groupFaults } from '../../faults/faults/groups.ts';
import { faults } from '../../faults/faults/index.ts';

const root = new URL('../../../', import.meta.url);

function named(): readonly string[] {
  const text = readFileSync(new URL('docs/delivery-semantics.md', root), 'utf8');
  const names = text.matchAll(/`((?:unit|integration|e2e|faults|regressions)\/[\w./-]+)`/g);
  return [...new Set([...names].map(([, name = '']) => name))];
}

const files = readdirSync(new URL('tests/', root), { recursive: true, encoding: 'utf8' });
const faultNames = [...faults, ...groupFaults].map(({ name }) => `faults/${name}`);

describe('docs/delivery-semantics.md', () => {
  it.each(named())('names an existing test: %s', (name) => {
    const isThere = faultNames.includes(name) || files.includes(`${name}.test.ts`);
    expect(isThere).toBe(true);
  });

  it('names every fault of the suites except those covered by another one', () => {
    expect(faultNames.filter((name) => !named().includes(name))).toEqual([
      'faults/failing-commands',
    ]);
  });
});
