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
 */
export function parseIntegerId(value: unknown): IntegerId | null {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return null;
    return Number.isSafeInteger(value) ? value : fromBigInt(BigInt(value));
  }
  if (typeof value === 'string' && /^\d{1,100}$/.test(value)) return fromBigInt(BigInt(value));
  return null;
}

function fromBigInt(value: bigint): IntegerId | null {
  if (value < BIGINT_MIN || value > BIGINT_MAX) return null;
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value.toString();
}
