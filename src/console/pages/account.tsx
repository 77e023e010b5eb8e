import { accountPage } from '../account/accountPage.tsx';
import { accountsPage } from '../account/accountsPage.tsx';
import { runRetries, testCall } from '../account/helpActs.tsx';
import { resendCount, resendPage, startResend } from '../account/resend.tsx';
import { setupActs } from '../account/setupActs.tsx';
import { webhookPage } from '../account/webhookPage.tsx';
import type { Route } from '../context.ts';
import { jobRoutes } from '../jobs/jobPages.tsx';

export const accountRoutes: readonly Route[] = [
  { method: 'GET', path: '/accounts', role: 'viewer', handle: accountsPage },
  { method: 'GET', path: '/accounts/:accountId', role: 'viewer', handle: accountPage },
  {
    method: 'GET',
    path: '/accounts/:accountId/webhooks/:webhookId',
    role: 'viewer',
    handle: webhookPage,
  },
  ...setupActs,
  { method: 'POST', path: '/accounts/:accountId/test', role: 'support', handle: testCall },
  { method: 'POST', path: '/accounts/:accountId/retries', role: 'support', handle: runRetries },
  { method: 'GET', path: '/accounts/:accountId/resend', role: 'support', handle: resendPage },
  {
    method: 'GET',
    path: '/accounts/:accountId/resend/count',
    role: 'support',
    handle: resendCount,
  },
  { method: 'POST', path: '/accounts/:accountId/resend', role: 'support', handle: startResend },
  ...jobRoutes,
];
