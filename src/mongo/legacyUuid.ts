import { Binary } from 'mongodb';

/**
 * In which order a writer stores the bytes of a UUID as Binary subtype 3, as MongoDB's drivers name the ways.
 * Subtype 4 has one order.
 */
export type UuidRepresentation = keyof typeof orders;

/** What Spring Data writes unless told otherwise. */
export const defaultUuidRepresentation: UuidRepresentation = 'javaLegacy';

/** Where each byte of the text is stored. Every order is its own inverse. */
const orders = {
  javaLegacy: [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8],
  csharpLegacy: [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15],
  pythonLegacy: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
} as const satisfies Record<string, readonly number[]>;

export function isLegacyUuid(value: Binary): boolean {
  return value.sub_type === Binary.SUBTYPE_UUID_OLD && value.position === 16;
}

/** As its writer prints it. */
export function legacyUuidText(value: Binary, representation: UuidRepresentation): string {
  const hex = reordered(value.buffer, representation).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** As a writer stores the UUID with these bytes. */
export function toLegacyUuid(uuid: Uint8Array, representation: UuidRepresentation): Binary {
  return new Binary(reordered(uuid, representation), Binary.SUBTYPE_UUID_OLD);
}

function reordered(bytes: Uint8Array, representation: UuidRepresentation): Buffer {
  return Buffer.from(orders[representation].map((index) => bytes[index] ?? 0));
}
