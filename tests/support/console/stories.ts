import type { Answer } from '../answer.ts';

/** A customer of the platform with one flow, and how its server answers. */
export interface Customer {
  readonly accountId: number;
  /** `path` is one of the receiver's, `url` leads elsewhere; null for no webhook at all. */
  readonly webhook: Readonly<{ path: string; answer: Answer } | { url: string }> | null;
  readonly isOptedIn?: boolean;
  readonly isFlowEnabled?: boolean;
}

/** Markup that would show or run wherever somebody forgets to escape it. */
export const markup = `<img src=x onerror="document.title='run'"><script>document.title='run'</script>&amp;"'`;

/** Its text would be shown as it is. */
export const secret = `whsec_${Buffer.from('only for the tests 01234').toString('base64')}`;

const down: Answer = { status: 503, body: 'out of order' };

/** The first is the one that the questions and the screenshots are about. */
export const customers = {
  crm: { accountId: 28, webhook: { path: '/hooks/28', answer: { body: '{"received":true}' } } },
  exhausted: {
    accountId: 31,
    webhook: { path: '/hooks/31', answer: { status: 500, body: 'no database' } },
  },
  expired: {
    accountId: 32,
    webhook: { path: '/hooks/32', answer: { ...down, headers: { 'retry-after': '7200' } } },
  },
  down: { accountId: 33, webhook: { path: '/hooks/33', answer: down } },
  hanging: { accountId: 34, webhook: { path: '/hooks/34', answer: { fault: 'hangAtHeaders' } } },
  refusing: { accountId: 35, webhook: { url: 'http://127.0.0.1:1/hooks/35' } },
  gone: { accountId: 36, webhook: { path: '/hooks/36', answer: { status: 410, body: 'moved' } } },
  aborting: {
    accountId: 37,
    webhook: {
      path: '/hooks/37',
      answer: {
        status: 422,
        headers: { 'webhook-delivery': 'abort-message' },
        body: 'no such SMS',
      },
    },
  },
  inside: { accountId: 38, webhook: { url: 'http://10.0.0.1/hooks/38' } },
  mistyped: { accountId: 39, webhook: { url: 'ftp://files.example/hooks/39' } },
  withdrawn: { accountId: 40, webhook: { path: '/hooks/40', answer: down } },
  noWebhook: { accountId: 41, webhook: null },
  flowOff: {
    accountId: 42,
    webhook: { path: '/hooks/42', answer: {} },
    isFlowEnabled: false,
  },
  notOptedIn: { accountId: 43, webhook: { path: '/hooks/43', answer: {} }, isOptedIn: false },
  broken: {
    accountId: 44,
    webhook: { path: '/hooks/44', answer: { status: 500, body: 'broken' } },
  },
  disabled: { accountId: 45, webhook: { path: '/hooks/45', answer: down } },
  markup: {
    accountId: 46,
    webhook: {
      path: '/hooks/46',
      answer: { headers: { 'content-type': 'text/html' }, body: `<h1>${markup}</h1>` },
    },
  },
  binary: {
    accountId: 47,
    webhook: { path: '/hooks/47', answer: { body: Buffer.from([0xff, 0xfe, 0x00, 0x41]) } },
  },
  wordy: {
    accountId: 48,
    webhook: { path: '/hooks/48', answer: { body: 'all is well, really. '.repeat(1_500) } },
  },
  /** Whose server was down for a while, and works again. */
  backlog: { accountId: 49, webhook: { path: '/hooks/49', answer: {} } },
} as const satisfies Readonly<Record<string, Customer>>;

export type CustomerName = keyof typeof customers;

/** The flow of a customer. */
export function flowOf({ accountId }: Customer): number {
  return accountId === 28 ? 200 : accountId * 10;
}

/** One SMS, and what becomes of the notification of its last status. */
export interface Story {
  readonly of: CustomerName;
  /** In order; each waits until the one before has its record. */
  readonly statuses?: readonly string[];
  /** Of its document, where they are not the usual ones. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** State and reason of its record; null where it gets none. */
  readonly ends: string | null;
  /** It needs a worker that gives up at once. */
  readonly isBrief?: true;
}

const hour = 3_600_000;

export const stories = {
  delivered: { of: 'crm', ends: 'delivered' },
  severalStatuses: { of: 'crm', statuses: ['SENT', 'DELIVERED', 'READ'], ends: 'delivered' },
  exhausted: { of: 'exhausted', ends: 'failed attempts_exhausted', isBrief: true },
  expired: { of: 'expired', ends: 'failed expired', isBrief: true },
  retrying: { of: 'down', ends: 'retrying' },
  timedOut: { of: 'hanging', ends: 'retrying' },
  refused: { of: 'refusing', ends: 'retrying' },
  gone: { of: 'gone', ends: 'failed endpoint_gone' },
  aborted: { of: 'aborting', ends: 'failed aborted_by_receiver' },
  blockedAddress: { of: 'inside', ends: 'failed blocked_address' },
  invalidWebhook: { of: 'mistyped', ends: 'failed invalid_webhook' },
  noDefaultWebhook: { of: 'noWebhook', ends: 'skipped no_default_webhook' },
  flowDisabled: { of: 'flowOff', ends: 'skipped flow_webhook_disabled' },
  unusable: { of: 'crm', fields: { flowId: 'two hundred' }, ends: 'skipped unusable_document' },
  notOptedIn: { of: 'notOptedIn', ends: null },
  markup: {
    of: 'markup',
    fields: { text: `Hello ${markup}`, from: markup, smsType: markup },
    ends: 'delivered',
  },
  binaryAnswer: { of: 'binary', ends: 'delivered' },
  longAnswer: { of: 'wordy', ends: 'delivered' },
  oddId: { of: 'crm', fields: { _id: 'order 7/8?a=b#c%d <é> ../x' }, ends: 'delivered' },
} as const satisfies Readonly<Record<string, Story>>;

/** SMS that become what they are by more than one status: `seedStories.ts` tells how. */
export const otherStories = [
  /** Waits, and then the flow is switched off: `failed notification_withdrawn`. */
  'withdrawn',
  /** The next after `gone`: `failed endpoint_disabled`. */
  'afterGone',
  /** Written as by a restore, with a time of 100 hours ago: `skipped stale`. */
  'stale',
  /** Waits behind an open breaker. */
  'blocked',
  /** Waits behind an endpoint that an operator has disabled. */
  'behindDisabled',
  /** Has no status yet. */
  'underWay',
] as const;

export type StoryName = keyof typeof stories | (typeof otherStories)[number];

/** So many notifications of the customer `backlog` have failed. */
export const FAILED = 300;

/** For documents of a restore. */
export const longAgo = new Date(Date.now() - 100 * hour);
