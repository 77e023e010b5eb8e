import { describe, expect, it } from '@jest/globals';
import { weightOf, weightOfChange } from '../../../src/domain/weight.ts';
import { aChange, aDocument } from '../../support/builders.ts';

const MB = 1024 * 1024;

describe('what a document weighs', () => {
  it.each([
    ['Latin letters', 'x', 2],
    ['letters of other scripts', 'फ', 5],
  ])('is what its texts take here and in its body: %s', (_kind, letter, bytes) => {
    const weight = weightOf(aDocument({ text: letter.repeat(MB) }));
    expect(weight).toBeGreaterThan(bytes * MB);
    expect(weight).toBeLessThan(bytes * MB + 4_096);
  });

  it('is what very many small values take, however deep they lie', () => {
    const parts = Array.from({ length: 10_000 }, (_, at) => ({ at, of: new Date(at) }));
    expect(weightOf(aDocument({ nested: { parts } }))).toBeGreaterThan(10_000 * 200);
  });

  it('is little for an ordinary SMS', () => {
    expect(weightOf(aDocument())).toBeLessThan(4_096);
  });

  it('is for an update what it sets, and for others the document', () => {
    const large = { text: 'x'.repeat(MB) };
    const { document: _document, ...update } = aChange();
    expect(weightOfChange({ ...update, document: null, setFields: large })).toBeGreaterThan(MB);
    expect(weightOfChange({ ...update, document: large, setFields: {} })).toBeGreaterThan(MB);
    expect(weightOfChange({ ...update, document: null, setFields: {} })).toBeLessThan(4_096);
  });
});
