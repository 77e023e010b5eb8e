import { customers, stories, otherStories, type StoryName } from './stories.ts';
import type { Seeded, SmsIds } from './seedStories.ts';

/** The path of an SMS' page. */
export function smsPath(sms: SmsIds, story: StoryName): string {
  return `/sms/${encodeURIComponent(sms[story])}`;
}

export function accountPath(customer: keyof typeof customers): string {
  return `/accounts/${customers[customer].accountId}`;
}

interface NamedPath {
  readonly name: string;
  readonly path: string;
}

/** Every page as its visitors see it, one SMS and one account each. */
export function mainPages({ sms, webhooks }: Seeded): readonly NamedPath[] {
  return [
    { name: 'overview', path: '/' },
    { name: 'find', path: '/find' },
    { name: 'found nothing', path: '/find?q=no-such-sms' },
    { name: 'found by number', path: '/find?q=919999999999' },
    { name: 'sms', path: smsPath(sms, 'delivered') },
    { name: 'sms with markup', path: smsPath(sms, 'markup') },
    { name: 'accounts', path: '/accounts' },
    { name: 'account', path: accountPath('crm') },
    { name: 'account with markup', path: accountPath('markup') },
    { name: 'account of nobody', path: '/accounts/999' },
    { name: 'account, only what failed', path: `${accountPath('backlog')}?state=failed` },
    { name: 'what to resend', path: `${accountPath('backlog')}/resend` },
    { name: 'how many to resend', path: `${accountPath('backlog')}/resend?since=${anHourAgo()}` },
    { name: 'webhook', path: `${accountPath('crm')}/webhooks/${webhooks.crm}` },
    { name: 'disabled webhook', path: `${accountPath('gone')}/webhooks/${webhooks.gone}` },
    { name: 'statistics of an account', path: `${accountPath('crm')}/statistics` },
    { name: 'endpoints', path: '/endpoints' },
  ];
}

/** The page of the SMS of each story. */
export function smsPages({ sms }: Seeded): readonly NamedPath[] {
  const names = [...Object.keys(stories), ...otherStories] as readonly StoryName[];
  return names.map((name) => ({ name, path: smsPath(sms, name) }));
}

/** Pages that say why there is nothing to see. */
export const refusals: readonly (NamedPath & { readonly status: number })[] = [
  { name: 'no such page', path: '/nowhere', status: 404 },
  { name: 'no such SMS', path: '/sms/no-such-sms', status: 404 },
  { name: 'no account', path: '/accounts/none', status: 409 },
];

function anHourAgo(): string {
  return encodeURIComponent(new Date(Date.now() - 3_600_000).toISOString());
}
