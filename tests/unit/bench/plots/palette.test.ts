import { describe, expect, it } from '@jest/globals';
import { palette } from '../../../../scripts/bench/toSvg.ts';

const pages = { white: '#ffffff', dark: '#0d1117' };

/** As WCAG 2 defines it. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe.each(Object.entries(pages))('on a %s page', (_name, page) => {
  it.each([...palette.series, palette.plain])('%s can be notified from it', (colour) => {
    expect(contrast(colour, page)).toBeGreaterThanOrEqual(3);
  });

  // 4.5 on both at once is beyond any colour.
  it('text can be read', () => {
    expect(contrast(palette.text, page)).toBeGreaterThanOrEqual(4.3);
  });
});
