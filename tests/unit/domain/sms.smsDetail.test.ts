import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseSmsDetail } from '../../../src/domain/sms.ts';
import type { PlainDocument, PlainValue } from '../../../src/domain/plainValue.ts';
import { sampleDocument } from '../../support/seedSample.ts';

function problemOf(document: PlainDocument): string | null {
  const detail = parseSmsDetail(document);
  return detail.kind === 'unusable' ? detail.problem : null;
}

function without(field: string): PlainDocument {
  return Object.fromEntries(Object.entries(sampleDocument).filter(([name]) => name !== field));
}

const integerProblem = (field: string) =>
  `${field} must be an integral number or decimal digits, within BIGINT`;

describe('parseSmsDetail', () => {
  it('reads the account, the flow and the call', () => {
    expect(parseSmsDetail(sampleDocument)).toEqual({
      kind: 'usable',
      accountId: 28,
      flowId: 200,
      phononUuid: 'bd706f90-aa14-47ea-9844-3d1e1123f4ee',
    });
  });

  it.each<[PlainValue, number | string]>([
    ['28', 28],
    ['028', 28],
    [-28, -28],
    [28, 28],
    ['9223372036854775807', '9223372036854775807'],
  ])('reads %p as the id %p', (value, id) => {
    expect(parseSmsDetail({ ...sampleDocument, accountID: value, flowId: value })).toMatchObject({
      kind: 'usable',
      accountId: id,
      flowId: id,
    });
  });

  it.each<[PlainValue]>([
    [null],
    [1.5],
    [Number.NaN],
    [''],
    ['28abc'],
    ['-28'],
    [true],
    [[28]],
    [{}],
    [new Date(0)],
    ['9223372036854775808'],
  ])('refuses %p as an id', (value) => {
    expect(problemOf({ ...sampleDocument, accountID: value })).toBe(integerProblem('accountID'));
    expect(problemOf({ ...sampleDocument, flowId: value })).toBe(integerProblem('flowId'));
  });

  it.each<[PlainValue]>([[null], [''], [7], [true], [[]], [{}], [new Date(0)]])(
    'refuses %p as phononUuid',
    (value) => {
      expect(problemOf({ ...sampleDocument, phononUuid: value })).toBe(
        'phononUuid must be a non-empty string or a UUID',
      );
    },
  );

  it.each(['accountID', 'flowId', 'phononUuid'])('misses %s', (field) => {
    expect(problemOf(without(field))).toContain(`${field} must be`);
  });

  it('does not look for fields in the prototype', () => {
    const document: PlainDocument = Object.create(sampleDocument);
    expect(problemOf(document)).toContain('accountID');
  });

  it('never says what the document holds', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (value) => {
        const problem = problemOf({ ...sampleDocument, accountID: `+${value}` });
        expect(problem).toBe(integerProblem('accountID'));
      }),
    );
  });
});
