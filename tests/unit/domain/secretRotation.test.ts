import { describe, expect, it } from '@jest/globals';
import { countSecrets, retireSecret, rotateSecret } from '../../../src/domain/secretRotation.ts';

const secret = (letter: string): string => `whsec_${letter.repeat(32)}`;
const [a, b, c] = [secret('a'), secret('b'), secret('c')];

describe('rotating', () => {
  it.each([
    [null, { kind: 'changed', secret: b, count: 1 }],
    ['', { kind: 'changed', secret: b, count: 1 }],
    [a, { kind: 'changed', secret: `${a} ${b}`, count: 2 }],
    [`  ${a}\n`, { kind: 'changed', secret: `${a} ${b}`, count: 2 }],
    [
      `${a} ${c}`,
      { kind: 'refused', why: expect.stringContaining('2 secrets already: retire the older') },
    ],
    ['plain', { kind: 'refused', why: expect.stringContaining("can't be used") }],
  ])('%j', (before, expected) => {
    expect(rotateSecret(before, b)).toEqual(expected);
  });
});

describe('retiring', () => {
  it.each([
    [`${a} ${b}`, { kind: 'changed', secret: b, count: 1 }],
    [`${a} ${c} ${b}`, { kind: 'changed', secret: b, count: 1 }],
    [a, { kind: 'refused', why: expect.stringContaining('one secret only') }],
    [null, { kind: 'refused', why: 'has no secret' }],
    ['plain', { kind: 'refused', why: expect.stringContaining("can't be used") }],
  ])('%j', (before, expected) => {
    expect(retireSecret(before)).toEqual(expected);
  });
});

it('counts, but not what cannot be used', () => {
  expect([null, a, `${a} ${b}`, 'plain'].map(countSecrets)).toEqual([0, 1, 2, null]);
});
