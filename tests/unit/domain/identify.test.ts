import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Change } from '../../../src/domain/change.ts';
import type { PlainValue } from '../../../src/domain/plainValue.ts';
import { savedSms, identify } from '../../../src/domain/identify.ts';
import { aChange, aReplace, aSave } from '../../support/builders.ts';

const all: ReadonlySet<string> = new Set();

describe('takeIn', () => {
  it('makes of a change what its notification is known by', () => {
    const change = aChange({ id: 'sms 1', deliveryStatus: 'NOT DELIVERED' });
    expect(identify(change, all)).toEqual({
      kind: 'subject',
      subject: {
        documentKey: change.documentKey,
        smsKey: 'sms%201',
        notificationId: 'sms%201:NOT%20DELIVERED',
        deliveryStatus: 'NOT DELIVERED',
        statusAt: change.statusAt,
      },
    });
  });

  it.each<[string, PlainValue]>([
    ['the empty text', ''],
    ['null', null],
    ['a number', 1],
    ['a boolean', true],
    ['a Date', new Date(0)],
    ['a list', ['DELIVERED']],
    ['a subdocument', { value: 'DELIVERED' }],
  ])('cannot use a status that is %s', (_what, deliveryStatus) => {
    expect(identify(aChange({ deliveryStatus }), all)).toEqual({
      kind: 'unusable',
      problem: 'deliveryStatus must be a non-empty string',
    });
  });

  it.each<[string, PlainValue]>([
    ['a fraction', 1.5],
    ['not a number', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['null', null],
    ['a boolean', true],
    ['a Date', new Date(0)],
    ['a list', ['sms-1']],
    ['a subdocument', { id: 'sms-1' }],
  ])('cannot use an _id that is %s', (_what, id) => {
    expect(identify(aChange({ id }), all)).toEqual({
      kind: 'unusable',
      problem: '_id must be a string, an ObjectId, a UUID or an integral number',
    });
  });

  it('takes an integral number for its digits', () => {
    expect(identify(aChange({ id: 42 }), all)).toMatchObject({ subject: { smsKey: '42' } });
  });

  it('takes an id of 1,024 bytes and not of one more', () => {
    const status = 'DELIVERED';
    const longest = 'x'.repeat(1_024 - ':'.length - status.length);
    expect(identify(aChange({ id: longest }), all).kind).toBe('subject');
    expect(identify(aChange({ id: `${longest}x` }), all)).toEqual({
      kind: 'unusable',
      problem: '_id and deliveryStatus together exceed 1024 bytes when encoded',
    });
  });

  it('counts the bytes of the encoded id', () => {
    expect(identify(aChange({ id: 'फ'.repeat(112) }), all).kind).toBe('subject');
    expect(identify(aChange({ id: 'फ'.repeat(113) }), all).kind).toBe('unusable');
  });

  it('takes every status when none is asked for, else those that are', () => {
    const wanted = new Set(['FAILED', 'EXPIRED']);
    const kinds = ['FAILED', 'DELIVERED', 'failed'].map(
      (deliveryStatus) => identify(aChange({ deliveryStatus }), wanted).kind,
    );
    expect(kinds).toEqual(['subject', 'filtered', 'filtered']);
  });

  it('lets nobody hear of an unusable _id whose status is not asked for', () => {
    const change = aChange({ id: null, deliveryStatus: 'SENT' });
    expect(identify(change, new Set(['DELIVERED']))).toEqual({ kind: 'filtered' });
  });

  it('never names what a field holds', () => {
    const held = fc.constantFrom<PlainValue>('secret'.repeat(200), ['secret'], { secret: 1 });
    fc.assert(
      fc.property(held, held, (id, deliveryStatus) => {
        expect(JSON.stringify(identify(aChange({ id, deliveryStatus }), all))).not.toContain(
          'secret',
        );
      }),
    );
  });

  it('finds nothing to tell in a save without a status, whatever is asked for', () => {
    expect(identify(aSave(), all)).toEqual({ kind: 'noStatus' });
    expect(identify(aSave({ id: null }), new Set(['SENT']))).toEqual({ kind: 'noStatus' });
  });

  it('gives every SMS and status a name of its own', () => {
    const texts = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' });
    fc.assert(
      fc.property(texts, texts, texts, texts, (id, deliveryStatus, otherId, otherStatus) => {
        const name = (change: ReturnType<typeof aChange>): string | null => {
          const identity = identify(change, all);
          return identity.kind === 'subject' ? identity.subject.notificationId : null;
        };
        const isSame = id === otherId && deliveryStatus === otherStatus;
        const one = name(aChange({ id, deliveryStatus }));
        const other = name(aChange({ id: otherId, deliveryStatus: otherStatus }));
        expect(one === other).toBe(isSame);
      }),
    );
  });
});

describe('savedSms', () => {
  const documentKey = { opaque: { _id: 'sms-1' } };
  const insert = aChange({ operation: 'insert', document: {} });

  it.each<[string, Change]>([
    ['a replace', aReplace()],
    ['a replace without a status', aSave()],
    ['a replace with an unusable one', aReplace({ deliveryStatus: 1 })],
    ['an insert', insert],
  ])('is the SMS of %s', (_what, change) => {
    expect(savedSms(change)).toEqual({ documentKey, smsKey: 'sms-1' });
  });

  it.each<[string, Change]>([
    ['an update, which leaves records alone', aChange()],
    ['an id that names nothing', aSave({ id: { a: 1 } })],
  ])('is none for %s', (_what, change) => {
    expect(savedSms(change)).toBeNull();
  });
});
