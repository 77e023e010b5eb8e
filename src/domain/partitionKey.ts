/**
 * The hash by which Kafka's default partitioner places a message: murmur2 of its key's bytes, made positive, 31 bits.
 * As `Utils.toPositive(Utils.murmur2(key))` of Kafka's Java client.
 */
export function keyHashOf(key: Uint8Array): number {
  return murmur2(key) & 0x7f_ff_ff_ff;
}

/** The partition of a message whose key has this hash, in a topic of so many. */
export function partitionOf(keyHash: number, partitions: number): number {
  return keyHash % partitions;
}

const SEED = 0x97_47_b2_8c;
const MULTIPLIER = 0x5b_d1_e9_95;

/** Signed, 32 bits, with Kafka's seed. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const whole = length - (length % 4);
  let hash = SEED ^ length;
  for (let at = 0; at < whole; at += 4) {
    let block = Math.imul(littleEndian(bytes, at), MULTIPLIER);
    block ^= block >>> 24;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(block, MULTIPLIER);
  }
  if (whole < length) hash = Math.imul(hash ^ littleEndian(bytes, whole), MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** Four bytes as an integer; those beyond the end are zero. */
function littleEndian(bytes: Uint8Array, at: number): number {
  const byte0 = bytes[at] ?? 0;
  const byte1 = bytes[at + 1] ?? 0;
  const byte2 = bytes[at + 2] ?? 0;
  const byte3 = bytes[at + 3] ?? 0;
  return byte0 | (byte1 << 8) | (byte2 << 16) | (byte3 << 24);
}
