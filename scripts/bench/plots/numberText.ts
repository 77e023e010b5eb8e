import { figure } from '../figures.ts';

const SHORT_FROM = 0.005;
const SHORT_BELOW = 1e7;

/** As in the tables, or with a power of ten where that is too long or looks like 0. */
export function valueText(value: number | null): string {
  const size = Math.abs(value ?? 0);
  const isTiny = size > 0 && size < SHORT_FROM;
  const isHuge = size >= SHORT_BELOW && size < Number.POSITIVE_INFINITY;
  return value !== null && (isTiny || isHuge) ? value.toExponential(2) : figure(value);
}

/** Of a round number, with no more digits than it has. */
export function tickText(tick: number): string {
  const size = Math.abs(tick);
  const rounded = Number(tick.toPrecision(6));
  return size === 0 || (size >= 1e-3 && size < SHORT_BELOW)
    ? rounded.toLocaleString('en-US', { maximumFractionDigits: 9 })
    : rounded.toExponential();
}
