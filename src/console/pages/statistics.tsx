import { readAccountStatistics } from '../../support/statistics.ts';
import { page } from '../components/frame.tsx';
import type { Route } from '../context.ts';
import { idInPath } from '../form.ts';
import { HourLinks, hoursOf } from '../overview/hours.tsx';
import { AccountPlots } from '../plots/accountPlots.tsx';

/** What happened at each of an account's endpoints. */
export const statisticsRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/accounts/:accountId/statistics',
    role: 'viewer',
    async handle(request) {
      const { session, times, zone } = request.get('context');
      const accountId = idInPath(request, 'accountId', 'The account');
      const hours = hoursOf(request);
      const statistics = await readAccountStatistics(session, accountId, hours);
      const title = `Statistics of account ${accountId}`;
      const path = `/accounts/${encodeURIComponent(accountId)}`;
      const children = (
        <>
          <h1>{title}</h1>
          <p>
            <a href={path}>{`Account ${accountId}`}</a>
          </p>
          <HourLinks path={`${path}/statistics`} id="content" hours={hours} />
          <AccountPlots of={statistics} hours={hours} times={times} zone={zone} />
        </>
      );
      return await page(request, { title, place: 'accounts', children });
    },
  },
];
