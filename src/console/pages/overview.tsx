import { page } from '../components/frame.tsx';
import { Live, Section } from '../components/parts.tsx';
import type { Route } from '../context.ts';
import { HourLinks, hoursOf } from '../overview/hours.tsx';
import { LastHours, readLastHours } from '../overview/lastHours.tsx';
import { Now, readNow } from '../overview/now.tsx';

export const overviewRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/',
    role: 'viewer',
    async handle(request) {
      const context = request.get('context');
      const { times, zone } = context;
      const hours = hoursOf(request);
      const [now, last] = await Promise.all([readNow(context), readLastHours(context, hours)]);
      const children = (
        <>
          <h1>Overview</h1>
          <Live path="/overview/live">
            <Now of={now} times={times} />
          </Live>
          <Section title="The last hours" id="last-hours">
            <HourLinks path="/" id="last-hours" hours={hours} />
            <Live path={`/overview/hours?hours=${hours}`}>
              <LastHours of={last} times={times} zone={zone} />
            </Live>
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
    async handle(request) {
      const context = request.get('context');
      const now = await readNow(context);
      return await request.html(<Now of={now} times={context.times} />);
    },
  },
  {
    method: 'GET',
    path: '/overview/hours',
    role: 'viewer',
    async handle(request) {
      const context = request.get('context');
      const { times, zone } = context;
      const last = await readLastHours(context, hoursOf(request));
      return await request.html(<LastHours of={last} times={times} zone={zone} />);
    },
  },
];
