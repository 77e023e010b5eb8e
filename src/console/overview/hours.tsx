import { MOST_HOURS } from '../../support/statistics.ts';
import type { Request } from '../context.ts';
import { readQuery } from '../form.ts';

const spans = [
  [6, '6 hours'],
  [24, '24 hours'],
  [MOST_HOURS, '7 days'],
] as const;

/** How many hours the query asks for: a day, unless it names one of the others. */
export function hoursOf(request: Request): number {
  const asked = readQuery(request).text('hours');
  return spans.map(([hours]) => hours).find((hours) => String(hours) === asked) ?? 24;
}

/** Links to the same page for other lengths of time. `id` is of the part they are about. */
export function HourLinks({ path, id, hours }: { path: string; id: string; hours: number }) {
  return (
    <p class="choices">
      {spans.map(([each, label]) => (
        <a href={`${path}?hours=${each}#${id}`} aria-current={each === hours ? 'true' : undefined}>
          {label}
        </a>
      ))}
    </p>
  );
}
