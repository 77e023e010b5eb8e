import { describe, expect, it } from '@jest/globals';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Binary } from 'mongodb';
import { fitsIntoRow, freeze, thaw } from '../../../src/mongo/frozenBody.ts';

const bodies = [0, 1, 700, 4_096, 4_097, 200_000].map((bytes) => ({
  bytes,
  body: Buffer.alloc(bytes, '{"text":"फोनन"}'),
}));

describe('a body in a row', () => {
  it.each(bodies)('comes back as it was: $bytes bytes', async ({ body }) => {
    expect(await thaw(await freeze(body))).toEqual(body);
  });

  it.each(bodies)('is gzip, for earlier versions: $bytes bytes', async ({ body }) => {
    expect(gunzipSync((await freeze(body)).value())).toEqual(body);
  });

  it.each(bodies)('is read as earlier versions wrote it: $bytes bytes', async ({ body }) => {
    expect(await thaw(new Binary(gzipSync(body)))).toEqual(body);
  });

  it('is compressed when it is large', async () => {
    expect((await freeze(Buffer.alloc(200_000))).length()).toBeLessThan(1_000);
  });

  it.each(Array.from({ length: 14 }, (_, index) => index))(
    'is damaged when byte %i of one that was stored as it is has changed',
    async (index) => {
      const stored = Buffer.from((await freeze(Buffer.from('{"a":1}'))).value());
      // Its time, and which system it is from, say nothing about the body.
      const at = index < 4 ? index : index + 6;
      stored.writeUInt8(stored.readUInt8(at) ^ 0xff, at);
      expect(await thaw(new Binary(stored))).toBeNull();
    },
  );

  it('is damaged when it was cut off', async () => {
    const stored = (await freeze(Buffer.from('{"a":1}'))).value();
    for (const length of [0, 5, 15, stored.length - 1]) {
      expect(await thaw(new Binary(Buffer.from(stored.subarray(0, length))))).toBeNull();
    }
  });

  it('need not be compressed to know that it fits', async () => {
    expect(await fitsIntoRow(Buffer.alloc(12 * 1024 * 1024))).toBe(true);
  });
});
