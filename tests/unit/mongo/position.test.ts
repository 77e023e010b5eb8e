import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Timestamp } from 'mongodb';
import {
  clusterTimeOfToken,
  fromPosition,
  timeOf,
  toPosition,
} from '../../../src/mongo/position.ts';

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const hex = (value: number): string => value.toString(16).padStart(8, '0');

describe('a position', () => {
  const clusterTime = new Timestamp({ t: 1_697_695_200, i: 7 });

  it('gives back what was put in', () => {
    const opaque = { token: { _data: '82' }, clusterTime };
    const wallTime = new Date('2023-10-19T06:00:00.408Z');
    const position = toPosition(opaque, wallTime);
    expect(position.wallTime).toBe(wallTime);
    expect(fromPosition(position)).toBe(opaque);
  });

  it('takes the cluster time when no wall time is known', () => {
    const position = toPosition({ token: null, clusterTime });
    expect(position.wallTime).toEqual(new Date('2023-10-19T06:00:00.000Z'));
  });
});

describe('timeOf', () => {
  it('reads the seconds without their sign, whatever the increment', () => {
    fc.assert(
      fc.property(uint32, uint32, (t, i) => {
        expect(timeOf(new Timestamp({ t, i })).getTime()).toBe(t * 1_000);
      }),
    );
  });
});

describe('clusterTimeOfToken', () => {
  it('reads the time out of a token as a server writes it', () => {
    const token = {
      _data:
        '826530C5E0000000022B042C0100296E5A10046A3C9C0E1C0B4F5D9A4C6C7E2F0B6A1E463C5F6964003C736D732D31000004',
    };
    expect(clusterTimeOfToken(token)).toEqual(new Timestamp({ t: 0x6530c5e0, i: 2 }));
  });

  it('reads any time, in capitals or not', () => {
    fc.assert(
      fc.property(uint32, uint32, fc.boolean(), (t, i, capitals) => {
        const digits = hex(t) + hex(i);
        const token = { _data: `82${capitals ? digits.toUpperCase() : digits}2B04` };
        const read = clusterTimeOfToken(token);
        expect([read?.getHighBitsUnsigned(), read?.getLowBitsUnsigned()]).toEqual([t, i]);
      }),
    );
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['no data', {}],
    ['data that is not text', { _data: Buffer.from('826530c5e000000002', 'hex') }],
    ['no data in it', { _data: '' }],
    ['another type byte', { _data: '816530C5E000000002' }],
    ['too few digits', { _data: '826530C5E00000000' }],
    ['something that is not hex', { _data: '826530C5G000000002' }],
    ['the type byte further on', { _data: '00826530C5E000000002' }],
  ])('is null for a token with %s', (_what, token) => {
    expect(clusterTimeOfToken(token)).toBeNull();
  });
});
