const NONE = '–';

/** Three digits where there are as many to show; `–` for none. */
export function figure(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  // By what the value is rounded to: 9.996 is 10.0, not 10.00.
  const digits = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

export function whole(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

export function ratio(value: number | null): string {
  const text = figure(value);
  return text === NONE ? NONE : `${text}×`;
}
