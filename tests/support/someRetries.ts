import { noAttempts } from '../../src/domain/attempt.ts';
import type { ClaimedRetry, NewRetry, Retry, RetryStore } from '../../src/ports/retries.ts';
import { aRetry, aSubject, aWebhook, answered, unanswered } from './builders.ts';

/** One status of the SMS with this key, to be scheduled. */
export function retryFor(
  smsKey: string,
  { deliveryStatus = 'DELIVERED', ...fields }: Partial<NewRetry> & Status = {},
): NewRetry {
  return aRetry({ subject: aSubject({ smsKey, deliveryStatus }), ...fields });
}

interface Status {
  readonly deliveryStatus?: string;
}

/** What comes back of it: the endpoint's key stays behind, since it holds secrets. */
export function storedRetryOf({ webhook, body, subject, ...rest }: NewRetry): Retry {
  const shown =
    webhook === null ? null : { webhookId: webhook.webhookId, displayUrl: webhook.displayUrl };
  return { ...rest, subject: { shows: null, ...subject }, body: Buffer.from(body), webhook: shown };
}

/** Schedules one in its own hands; the claim's token. */
export async function newClaim(
  store: Pick<RetryStore, 'scheduleClaimed'>,
  retry: NewRetry,
): Promise<string> {
  const claim = await store.scheduleClaimed(retry);
  if (claim === 'taken' || claim === 'refused') throw new Error(`the row is ${claim}`);
  return claim.token;
}

/** What a worker has in its hands that has nothing. */
export const nothingElse: ReadonlySet<string> = new Set();

/** Claims rows of one endpoint, the builders' own unless asked to, at most so many. */
export async function claimUpTo(
  store: RetryStore,
  limit: number,
  { endpointKey } = aWebhook(),
): Promise<readonly ClaimedRetry[]> {
  const claims = Array.from(
    { length: limit },
    async () => await store.claimDue(endpointKey, nothingElse),
  );
  return (await Promise.all(claims)).flatMap((claimed) => claimed ?? []);
}

export function idsOfClaimed(claimed: readonly ClaimedRetry[]): readonly string[] {
  return claimed.map(({ retry }) => retry.subject.notificationId);
}

/** As after three attempts: with dates, and texts that mean something to an aggregation. */
export const trickyLog = {
  begun: 4,
  firstAttemptAt: new Date('2023-10-19T06:29:12.408Z'),
  runningSince: new Date('2023-10-19T06:31:12.408Z'),
  last: answered(500, {
    response: { text: '$deliveryStatus', encoding: 'utf8', truncated: true },
    error: 'response_aborted',
    retryAfter: '$$NOW',
    deliveryControl: null,
  }),
  history: [
    { at: new Date('2023-10-19T06:29:12.408Z'), statusCode: null, error: 'timeout', durationMs: 7 },
    { at: new Date('2023-10-19T06:30:12.408Z'), statusCode: 503, error: null, durationMs: 8 },
  ],
} as const;

/** A log that has less in it than the one above: nothing of that must be left in its place. */
export const briefLog = {
  ...noAttempts,
  begun: 5,
  firstAttemptAt: trickyLog.firstAttemptAt,
  last: unanswered('timeout'),
};

/** Where a row leads after its webhook was changed. */
export const otherWebhook = aWebhook({
  webhookId: 8,
  displayUrl: '$url',
  endpointKey: '$endpoint-8',
});
