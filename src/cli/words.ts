/** Figures and times as people read them. */

export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** `3 notifications`, `1 notification`. */
export function several(number: number, what: string): string {
  return `${count(number)} ${what}${number === 1 ? '' : 's'}`;
}

/** Rounded to its two largest units: `2 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const from = parts.findIndex(([number]) => number > 0);
  if (from === -1) return '0 s';
  return parts
    .slice(from, from + 2)
    .filter(([number]) => number > 0)
    .map(([number, unit]) => `${number} ${unit}`)
    .join(' ');
}

/** A time, and how long ago or ahead that is. */
export function moment(time: Date, now: Date = new Date()): string {
  if (Number.isNaN(time.getTime())) return 'a date out of range';
  const distance = time.getTime() - now.getTime();
  const words = distance > 0 ? `in ${duration(distance)}` : `${duration(-distance)} ago`;
  return `${time.toISOString()} (${words})`;
}
