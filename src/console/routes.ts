import type { Route } from './context.ts';
import { accountRoutes } from './pages/account.tsx';
import { endpointRoutes } from './pages/endpoints.tsx';
import { findRoutes } from './pages/find.tsx';
import { overviewRoutes } from './pages/overview.tsx';
import { smsRoutes } from './pages/sms.tsx';
import { statisticsRoutes } from './pages/statistics.tsx';

/** All pages and acts but those for signing in. */
export const routes: readonly Route[] = [
  ...overviewRoutes,
  ...findRoutes,
  ...smsRoutes,
  ...accountRoutes,
  ...endpointRoutes,
  ...statisticsRoutes,
];
