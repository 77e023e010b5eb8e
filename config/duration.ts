import { parser } from './parsers.ts';

/** Largest first. A unit is used to write durations of `fromMs` and more. */
const units = [
  { unit: 'd', unitMs: 86_400_000, fromMs: 7 * 86_400_000 },
  { unit: 'h', unitMs: 3_600_000, fromMs: 0 },
  { unit: 'm', unitMs: 60_000, fromMs: 120_000 },
  { unit: 's', unitMs: 1_000, fromMs: 0 },
  { unit: 'ms', unitMs: 1, fromMs: 0 },
] as const;

/** Milliseconds; null if the text is not a whole number followed by a unit. */
function parseDuration(text: string): number | null {
  const parts = /^(?<count>0|[1-9]\d*)(?<unit>[a-z]+)$/.exec(text)?.groups;
  const known = units.find(({ unit }) => unit === parts?.['unit']);
  return known === undefined ? null : Number(parts?.['count']) * known.unitMs;
}

/** In the largest unit without a fraction, but in hours up to a week and in seconds up to two minutes: `72h`, not `3d`. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  const { unit, unitMs } =
    units.find((each) => durationMs % each.unitMs === 0 && durationMs >= each.fromMs) ?? units[4];
  return `${durationMs / unitMs}${unit}`;
}

interface Bounds {
  /** As an operator would write it. */
  readonly min: string;
  readonly max: string;
}

/**
 * For durations that become timers: a timer of more than 2^31-1 ms (24.8 days) fires at once. A day is more
 * than any timer needs and leaves room for jitter.
 */
export const timerBounds = { min: '1ms', max: '24h' } as const satisfies Bounds;

function within({ min, max }: Bounds) {
  const [minMs, maxMs] = [parseDuration(min), parseDuration(max)];
  if (minMs === null || maxMs === null) throw new Error(`not durations: ${min}, ${max}`);
  return (text: string, refuse: (wrong: string) => never): number => {
    const durationMs = parseDuration(text);
    if (durationMs === null) return refuse('is not a whole number with a unit');
    if (durationMs < minMs) return refuse(`is shorter than ${min}`);
    if (durationMs > maxMs) return refuse(`is longer than ${max}`);
    return durationMs;
  };
}

export function duration(bounds: Bounds) {
  return parser(
    `a duration from ${bounds.min} to ${bounds.max}, a whole number followed by ms, s, m, h or d`,
    within(bounds),
    formatDuration,
  );
}

export function durationList(bounds: Bounds) {
  const read = within(bounds);
  return parser(
    `durations from ${bounds.min} to ${bounds.max} separated by commas, such as 1s,4s, or nothing for none`,
    (text, refuse): readonly number[] =>
      text === ''
        ? []
        : text.split(',').map((entry, index) =>
            // Named by its position, because the entry itself may be a misplaced secret.
            read(entry.trim(), (wrong) =>
              refuse(`has an invalid entry, number ${index + 1}: it ${wrong}`),
            ),
          ),
    (entries) => entries.map(formatDuration).join(','),
  );
}
