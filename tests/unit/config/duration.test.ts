import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { duration, durationList, formatDuration, timerBounds } from '../../../config/duration.ts';
import { parse } from './parsing.ts';

const anyLength = duration({ min: '0s', max: '3650d' });

describe('a duration', () => {
  it.each([
    ['0s', 0],
    ['1ms', 1],
    ['500ms', 500],
    ['1500ms', 1_500],
    ['15s', 15_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['3650d', 315_360_000_000],
  ])('%s is %d ms', (text, value) => {
    expect(parse(anyLength, text)).toEqual({ value });
  });

  it.each([
    ['', 'is not a whole number with a unit'],
    ['15', 'is not a whole number with a unit'],
    ['s', 'is not a whole number with a unit'],
    ['1.5s', 'is not a whole number with a unit'],
    ['-1s', 'is not a whole number with a unit'],
    ['+1s', 'is not a whole number with a unit'],
    ['1e3ms', 'is not a whole number with a unit'],
    ['0x10s', 'is not a whole number with a unit'],
    ['015s', 'is not a whole number with a unit'],
    ['15 s', 'is not a whole number with a unit'],
    ['15S', 'is not a whole number with a unit'],
    ['15sec', 'is not a whole number with a unit'],
    ['1h30m', 'is not a whole number with a unit'],
    ['15s\n', 'is not a whole number with a unit'],
    ['١٥s', 'is not a whole number with a unit'],
    ['3651d', 'is longer than 3650d'],
    [`${'9'.repeat(400)}d`, 'is longer than 3650d'],
  ])('%j is refused', (text, wrong) => {
    expect(parse(anyLength, text)).toEqual({ wrong });
  });

  it('has its own bounds', () => {
    const parser = duration({ min: '1s', max: '1m' });
    expect(parse(parser, '999ms')).toEqual({ wrong: 'is shorter than 1s' });
    expect(parse(parser, '1s')).toEqual({ value: 1_000 });
    expect(parse(parser, '60s')).toEqual({ value: 60_000 });
    expect(parse(parser, '61s')).toEqual({ wrong: 'is longer than 1m' });
    expect(parser.description).toContain('from 1s to 1m');
  });

  it('fits a timer where it becomes one, even if jitter extends it', () => {
    const longest = parse(duration(timerBounds), timerBounds.max);
    expect(longest).toEqual({ value: expect.any(Number) });
    expect('value' in longest && longest.value * 2 < 2 ** 31 - 1).toBe(true);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [1, '1ms'],
    [1_500, '1500ms'],
    [60_000, '60s'],
    [120_000, '2m'],
    [90_000, '90s'],
    [259_200_000, '72h'],
    [604_800_000, '7d'],
    [608_400_000, '169h'],
  ])('%d ms is %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });

  test('what it writes is read back as the same duration', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(1, 1_000, 60_000, 3_600_000), (count, unitMs) => {
        const durationMs = (count % 80_000) * unitMs;
        expect(parse(anyLength, formatDuration(durationMs))).toEqual({ value: durationMs });
      }),
    );
  });
});

describe('a list of durations', () => {
  const parser = durationList({ min: '0s', max: '24h' });

  it.each([
    ['', []],
    ['1s', [1_000]],
    ['1s,4s', [1_000, 4_000]],
    [' 1s , 4s ', [1_000, 4_000]],
    ['0s', [0]],
  ])('%j is %j', (text, value) => {
    expect(parse(parser, text)).toEqual({ value });
  });

  it.each([
    ['1', 'has an invalid entry, number 1: it is not a whole number with a unit'],
    ['1s,', 'has an invalid entry, number 2: it is not a whole number with a unit'],
    [',', expect.stringContaining('number 1')],
    ['1s;4s', expect.stringContaining('number 1')],
    ['1s,25h', 'has an invalid entry, number 2: it is longer than 24h'],
  ])('%j is refused', (text, wrong) => {
    expect(parse(parser, text)).toEqual({ wrong });
  });
});
