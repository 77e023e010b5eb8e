import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import type { UnreadableReason } from '../../../src/ports/topic.ts';
import {
  aMessage,
  anEvent,
  anUpdate,
  aSaved,
  debeziumMessage,
  decodeMessages,
} from '../../support/connectorEvents.ts';

const decode = decodeMessages();
const update = anUpdate({ deliveryStatus: 'SENT' });
const bytes = (text: string): Buffer => Buffer.from(text);

describe('an envelope', () => {
  it('of a document that a snapshot has read counts as inserted', () => {
    const { key: debeziumKey, value } = debeziumMessage(
      aSaved('insert', { deliveryStatus: 'SENT' }),
    );
    const read = Buffer.from(value ?? [])
      .toString()
      .replace('"op":"c"', '"op":"r"');
    expect(decode(aMessage({ key: debeziumKey, value: bytes(read) }))).toMatchObject({
      kind: 'change',
      change: { operation: 'insert', deliveryStatus: 'SENT' },
    });
  });

  it.each<[string, UnreadableReason, Uint8Array | null]>([
    ['no key', 'no_key', null],
    ['a key of its own', 'foreign_key', bytes('{"accountID": 28}')],
    ['an id that is no JSON', 'foreign_key', bytes('{"id": "sms-1"}')],
  ])('with %s can not be read', (_what, reason, other) => {
    expect(decode({ ...debeziumMessage(update), key: other })).toEqual({
      kind: 'unreadable',
      reason,
    });
  });

  it('of what is no operation is ignored', () => {
    for (const op of ['t', 'm', 'constructor', '__proto__']) {
      expect(decode(debeziumMessage(anEvent(op, { documentKey: { _id: 1 } })))).toEqual({
        kind: 'ignored',
      });
    }
  });

  it('of a delete is ignored', () => {
    expect(decode(debeziumMessage(anEvent('delete', { documentKey: { _id: 1 } })))).toEqual({
      kind: 'ignored',
    });
  });

  it('with a number that is none is read', () => {
    const event = aSaved('insert', {
      price: Number.NaN,
      deliveryStatus: 'NaN: Infinity, "-Infinity',
    });
    expect(decode(debeziumMessage(event))).toMatchObject({
      change: { deliveryStatus: 'NaN: Infinity, "-Infinity' },
    });
  });
});
