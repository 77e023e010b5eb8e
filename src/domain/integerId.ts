/**
 * An account's, flow's or webhook's number: within MySQL's signed BIGINT. A number where JavaScript
 * holds it exactly, its canonical decimal digits beyond that, so that it is safe in JSON and in logs.
 */
export type IntegerId = number | string;

const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 63n - 1n;

/**
 * Reads an integral number or a text of decimal digits. Anything else (`'28abc'`, `' 28'`, `1.5`,
 * `true`, beyond BIGINT) is null: it must never be taken for another account's number.
 *
 * A text with a minus sign is read only beyond what JavaScript holds exactly: that is how a stored
 * 64-bit number arrives, and what this function itself returns for one. `'-28'` is not digits.
 */
export function parseIntegerId(value: unknown): IntegerId | null {
  if (typeof value === 'number') return Number.isInteger(value) ? fromBigInt(BigInt(value)) : null;
  if (typeof value !== 'string' || !/^-?\d{1,100}$/.test(value)) return null;
  const id = fromBigInt(BigInt(value));
  return value.startsWith('-') && typeof id === 'number' ? null : id;
}

function fromBigInt(value: bigint): IntegerId | null {
  if (value < BIGINT_MIN || value > BIGINT_MAX) return null;
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value.toString();
}
