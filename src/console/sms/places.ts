import type { Act } from '../../support/acts.ts';
import type { Where } from '../../support/chainLink.ts';
import type { Role } from '../role.ts';

/** A page on which something is set or done. */
export interface Place {
  readonly path: string;
  readonly label: string;
  /** Who may do it there. */
  readonly role: Role;
}

export function accountPath(accountId: string, part?: 'step-1' | 'webhooks' | 'flows'): string {
  const path = `/accounts/${encodeURIComponent(accountId)}`;
  return part === undefined ? path : `${path}#${part}`;
}

const stepOne = (accountId: string): Place => ({
  path: accountPath(accountId, 'step-1'),
  label: 'Set step 1',
  role: 'editor',
});
const webhooks = (accountId: string): Place => ({
  path: accountPath(accountId, 'webhooks'),
  label: 'Set the webhooks',
  role: 'editor',
});
const flows = (accountId: string): Place => ({
  path: accountPath(accountId, 'flows'),
  label: 'Set the flows',
  role: 'editor',
});
const endpoints: Place = { path: '/endpoints', label: 'See the endpoints', role: 'viewer' };

/** Where a link of the chain is set. */
export function placeOfLink(where: Where): Place {
  switch (where.kind) {
    case 'account':
      return stepOne(where.accountId);
    case 'webhook':
      return webhooks(where.accountId);
    case 'flow':
      return flows(where.accountId);
    case 'endpoint':
      return endpoints;
    default:
      return where satisfies never;
  }
}

/** Null for what is done on the page of the SMS itself. */
export function placeOfAct(act: Act): Place | null {
  switch (act.kind) {
    case 'optIn':
      return stepOne(act.accountId);
    case 'setWebhook':
    case 'showSetup':
      return webhooks(act.accountId);
    case 'enableFlow':
      return flows(act.accountId);
    case 'enableEndpoint':
      return { ...endpoints, role: 'editor' };
    case 'testCall':
      return { path: accountPath(act.accountId), label: 'To the account', role: 'support' };
    case 'check':
      return { path: '/', label: 'To the overview', role: 'viewer' };
    case 'wait':
    case 'runRetries':
    case 'replay':
      return null;
    default:
      return act satisfies never;
  }
}
