import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { keyHashOf, murmur2, partitionOf } from '../../../src/domain/partitionKey.ts';

/** From `UtilsTest.testMurmur2` of Apache Kafka. */
const published: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
  ['', 275646681],
];

const bits = 2n ** 32n - 1n;

/** The same by the algorithm's description, in integers that do not overflow. */
function described(bytes: Uint8Array): number {
  const multiplier = 0x5bd1e995n;
  const times = (a: bigint): bigint => (a * multiplier) & bits;
  let hash = 0x9747b28cn ^ BigInt(bytes.length);
  for (let at = 0; at < bytes.length; at += 4) {
    const part = bytes.subarray(at, at + 4).toReversed();
    let block = part.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    if (part.length < 4) {
      hash = times(hash ^ block);
    } else {
      block = times(block);
      hash = times(hash) ^ times(block ^ (block >> 24n));
    }
  }
  hash = times(hash ^ (hash >> 13n));
  return Number(BigInt.asIntN(32, hash ^ (hash >> 15n)));
}

describe('murmur2', () => {
  it.each(published)('hashes %j as Kafka does', (text, expected) => {
    expect(murmur2(Buffer.from(text))).toBe(expected);
  });

  it('is the described one for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(murmur2(bytes)).toBe(described(bytes));
      }),
    );
  });
});

describe('keyHashOf', () => {
  it('drops the sign bit, as Kafka does', () => {
    expect(keyHashOf(Buffer.from('21'))).toBe(2 ** 31 - 973932308);
    expect(keyHashOf(Buffer.from('abc'))).toBe(479470107);
  });
});

describe('partitionOf', () => {
  it('is a partition of the topic, for any key', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 1_000 }), (key, partitions) => {
        const partition = partitionOf(keyHashOf(key), partitions);
        expect(partition).toBeGreaterThanOrEqual(0);
        expect(partition).toBeLessThan(partitions);
      }),
    );
  });
});
