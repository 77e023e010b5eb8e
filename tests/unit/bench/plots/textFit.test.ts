import { expect, it } from '@jest/globals';
import { fitted, textWidth } from '../../../../scripts/bench/plots/textFit.ts';

it('leaves alone what fits', () => {
  expect(fitted('the worker', 13, 200)).toBe('the worker');
});

it.each(['naive, one at a time', '配送通知', '🙂🙂🙂🙂'])(
  'cuts %s to what there is room for',
  (text) => {
    const cut = fitted(text, 13, 40);
    expect(cut).toMatch(/…$/u);
    expect(text.startsWith(cut.slice(0, -1))).toBe(true);
    expect(textWidth(cut, 13)).toBeLessThanOrEqual(40);
  },
);
