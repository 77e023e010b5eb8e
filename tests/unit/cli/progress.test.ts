import { describe, expect, it } from '@jest/globals';
import { bar, createProgress } from '../../../src/cli/progress.ts';

function aStream(isTTY: boolean) {
  const written: string[] = [];
  return { written, isTTY, write: (text: string) => written.push(text) };
}

describe('progress', () => {
  it('is written over again and again on a terminal', () => {
    const stream = aStream(true);
    const progress = createProgress(stream);
    progress.show('one');
    progress.show('two');
    progress.clear();
    progress.clear();
    expect(stream.written).toEqual(['one', '\r\u001b[K', 'two', '\r\u001b[K']);
  });

  it('is nothing where nobody watches', () => {
    const stream = aStream(false);
    const progress = createProgress(stream);
    progress.show('one');
    progress.clear();
    expect(stream.written).toEqual([]);
  });
});

describe('a bar', () => {
  it.each([
    [0, 20_000, '░░░░░░░░░░░░░░░░░░░░░░░░  0 of 20,000'],
    [10_000, 20_000, '████████████░░░░░░░░░░░░  10,000 of 20,000'],
    [20_001, 20_000, '████████████████████████  20,001 of 20,000'],
  ])('of %d of %d', (done, total, expected) => {
    expect(bar(done, total)).toBe(expected);
  });

  it('is a number while it is not known of how many', () => {
    expect(bar(1_234, null)).toBe('1,234');
    expect(bar(0, 0)).toBe('0');
  });
});
