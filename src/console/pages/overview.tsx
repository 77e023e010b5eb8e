import { page } from '../components/frame.tsx';
import { Live, Section } from '../components/parts.tsx';
import type { Route } from '../context.ts';
import { HourLinks, hoursOf } from '../overview/hours.tsx';
import { LastHours } from '../overview/lastHours.tsx';
import { Now } from '../overview/now.tsx';

export const overviewRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/',
    role: 'viewer',
    async handle(request) {
      const context = request.get('context');
      const hours = hoursOf(request);
      const [now, last] = await Promise.all([Now(context), LastHours({ context, hours })]);
      const children = (
        <>
          <h1>Overview</h1>
          <Live path="/overview/live">{now}</Live>
          <Section title="The last hours" id="last-hours">
            <HourLinks path="/" id="last-hours" hours={hours} />
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
