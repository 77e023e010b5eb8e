import { MOST_HOURS } from '../../support/statistics.ts';
import { page } from '../components/frame.tsx';
import { Live, Section } from '../components/parts.tsx';
import type { Request, Route } from '../context.ts';
import { readQuery } from '../form.ts';
import { LastHours } from '../overview/lastHours.tsx';
import { Now } from '../overview/now.tsx';

const spans = [
  [6, '6 hours'],
  [24, '24 hours'],
  [MOST_HOURS, '7 days'],
] as const;

export const overviewRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/',
    role: 'viewer',
    async handle(request) {
      const hours = hoursOf(request);
      const [now, last] = await Promise.all([
        Now(request.get('context')),
        LastHours({ context: request.get('context'), hours }),
      ]);
      const children = (
        <>
          <h1>Overview</h1>
          <Live path="/overview/live">{now}</Live>
          <Section title="The last hours" id="last-hours">
            <p class="choices">
              {spans.map(([each, label]) => (
                <a
                  href={`/?hours=${each}#last-hours`}
                  aria-current={each === hours ? 'true' : undefined}
                >
                  {label}
                </a>
              ))}
            </p>
            <Live path={`/overview/hours?hours=${hours}`}>{last}</Live>
          </Section>
        </>
      );
      return await page(request, { title: 'Overview', place: 'overview', children });
    },
  },
  {
    method: 'GET',
    path: '/overview/live',
    role: 'viewer',
    handle: async (request) => await request.html(await Now(request.get('context'))),
  },
  {
    method: 'GET',
    path: '/overview/hours',
    role: 'viewer',
    async handle(request) {
      const context = request.get('context');
      return await request.html(await LastHours({ context, hours: hoursOf(request) }));
    },
  },
];

/** A day, unless the query names one of the others. */
function hoursOf(request: Request): number {
  const asked = readQuery(request).text('hours');
  return spans.map(([hours]) => hours).find((hours) => String(hours) === asked) ?? 24;
}
