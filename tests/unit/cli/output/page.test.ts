import { describe, expect, it } from '@jest/globals';
import { bar, createPage, createProgress, terminalWidth } from '../../../../src/cli/output/page.ts';
import { createTimeZone } from '../../../../src/runtime/timeZone.ts';
import { utcTimes } from '../../../../src/support/words.ts';

describe('a time', () => {
  const page = createPage(80, createTimeZone('Asia/Kolkata'));
  const now = new Date('2026-01-31T10:00:00.000Z');

  it("is written in the operators' zone, with its offset, and says how far it is", () => {
    const before = new Date(now.getTime() - 65_000);
    expect(page.moment(before, now)).toBe('2026-01-31T15:28:55.000+05:30 (1 min 5 s ago)');
    const after = new Date(now.getTime() + 3_600_000);
    expect(page.moment(after, now)).toBe('2026-01-31T16:30:00.000+05:30 (in 1 h)');
    expect(page.at(now)).toBe('2026-01-31T15:30:00.000+05:30');
  });

  it('is in UTC in sentences for machines', () => {
    expect(utcTimes.at(now)).toBe('2026-01-31T10:00:00.000Z');
    expect(utcTimes.moment(now, now)).toBe('2026-01-31T10:00:00.000Z (0 s ago)');
  });

  it.each([page, utcTimes])('may be unknown, or none', ({ at, moment }) => {
    expect(at(null)).toBe('?');
    expect(at(new Date(Number.NaN))).toBe('a date out of range');
    expect(moment(new Date(Number.NaN))).toBe('a date out of range');
  });
});

describe('the width', () => {
  it.each([
    ['of a terminal', { isTTY: true, columns: 160 }, 160],
    ['of a terminal that does not say', { isTTY: true, columns: 0 }, 80],
    ['of a file or pipe, whatever COLUMNS says', { columns: 80 }, null],
  ])('%s', (_what, stream, width) => {
    expect(terminalWidth(stream)).toBe(width);
  });
});

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
