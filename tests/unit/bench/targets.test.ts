import { expect, it } from '@jest/globals';
import { targetsToText } from '../../../scripts/bench/targets.ts';

it('says what was measured and what it should be, in 80 columns', () => {
  const what = 'CPU of the worker per notification / naive, 64 at once';
  const lines = targetsToText([
    { what, measured: 0.384, target: '≤ 0.4 ×' },
    { what: 'rate / only got.stream.post', measured: null, target: '≥ 0.45 ×' },
  ]).split('\n');
  expect(lines[1]).toMatch(/^CPU of the worker .* at once +0\.38 +≤ 0\.4 ×$/);
  expect(lines[2]).toMatch(/^rate .* +– +≥ 0\.45 ×$/);
  expect(lines.map((line) => line.length)).toEqual([80, 80, 80]);
});
