/** Where values lie on an axis, as shares of its length. */
export interface Scale {
  /** Values to mark, rising. */
  readonly ticks: readonly number[];
  /** Never outside 0 to 1. */
  at(value: number): number;
  /** Where bars begin. */
  readonly base: number;
}

const TICKS = 5;

/** Less is shown as nothing. */
const LEAST_SPAN = 1e-9;

/** From 0 to the least round number above them; below 0 where there are such values. */
export function linearScale(values: readonly number[]): Scale {
  const finite = values.filter(Number.isFinite);
  const least = finite.reduce((one, other) => Math.min(one, other), 0);
  const most = finite.reduce((one, other) => Math.max(one, other), 0);
  const isFlat = most - least <= LEAST_SPAN;
  const step = roundStep((isFlat ? 1 : most - least) / TICKS);
  const first = Math.floor(least / step);
  const last = isFlat ? first + TICKS : Math.ceil(most / step);
  const at = (value: number): number => within((value / step - first) / (last - first));
  return { ticks: wholeNumbers(first, last).map((n) => n * step), at, base: at(0) };
}

/** The least of 1, 2, 5 times a power of ten that is not below. */
function roundStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  const factor = [1, 2, 5].find((each) => each * power >= size) ?? 10;
  return factor * power;
}

/** How far below the least value the axis begins at least, so that its bar can be seen. */
const ROOM_BELOW = 1.25;
const DECADES_WITH_MANY_TICKS = 2;
const DECADES_WITH_A_TICK_EACH = 8;

/** From the power of ten below the positive ones to that above; what is not positive lies at the beginning. */
export function logarithmicScale(values: readonly number[]): Scale {
  const exponents = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  const least = exponents.reduce((one, other) => Math.min(one, other), exponents[0] ?? 0);
  const most = exponents.reduce((one, other) => Math.max(one, other), exponents[0] ?? 1);
  const first = Math.floor(least - Math.log10(ROOM_BELOW));
  const last = Math.max(Math.ceil(most), first + 1);
  const at = (value: number): number =>
    value > 0 ? within((Math.log10(value) - first) / (last - first)) : 0;
  return { ticks: ticksOfDecades(first, last), at, base: 0 };
}

function ticksOfDecades(first: number, last: number): readonly number[] {
  const every = Math.ceil((last - first) / DECADES_WITH_A_TICK_EACH);
  const decades = wholeNumbers(first, last).filter((n) => (n - first) % every === 0);
  const factors = last - first <= DECADES_WITH_MANY_TICKS ? [1, 2, 5] : [1];
  return decades
    .flatMap((n) => factors.map((factor) => factor * 10 ** n))
    .filter((tick) => tick <= 10 ** last);
}

function wholeNumbers(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

function within(share: number): number {
  return Number.isNaN(share) ? 0 : Math.min(1, Math.max(0, share));
}
