import { randomUUID } from 'node:crypto';
import { isDelivered } from '../domain/attempt.ts';
import { notificationId, type IntegerId } from '../domain/ids.ts';
import { buildPayload } from '../domain/payload.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import { createTimeZone } from '../runtime/timeZone.ts';
import { Refused, type Session } from './session.ts';
import { askAboutAccount, webhookOf } from './webhooks.ts';

/** What a call with a sample came to. */
export type TestCall = Awaited<ReturnType<typeof callWithSample>>;

/** Calls the account's default webhook once, as the worker would. Throws `Refused` where there is none. */
export async function callWithSample(
  session: Session,
  accountId: IntegerId,
  deliveryStatus: string,
) {
  const row = await askAboutAccount(session, accountId, { deliveryStatus });
  if (row === null) {
    throw new Refused(
      `The route query returns no row for account ${accountId}: it has no settings, so there is no webhook to call.`,
    );
  }
  const webhook = webhookOf(session, row);
  if (typeof webhook === 'string') throw new Refused(`Nothing was called: ${webhook}.`);
  const document = sampleSms(accountId, deliveryStatus, new Date());
  const zone = createTimeZone(session.config.call.payloadTimeZone);
  const { _id: id } = document;
  const attempt = {
    webhook,
    body: buildPayload({ id, document, zone }),
    notificationId: notificationId(id, deliveryStatus),
    number: 1,
  };
  const outcome = await session.sender().send(attempt, session.stopping);
  const isAnswered = outcome.kind === 'answered';
  const response = isAnswered ? outcome.response : null;
  return {
    webhookId: webhook.webhookId,
    url: webhook.displayUrl,
    notificationId: attempt.notificationId,
    isSigned: webhook.signingKeys.length > 0,
    delivered: isDelivered(outcome),
    statusCode: isAnswered ? outcome.statusCode : null,
    error: outcome.error,
    location: isAnswered ? (outcome.location ?? null) : null,
    durationMs: outcome.durationMs,
    response: response?.text ?? null,
    /** Null when there was no response. */
    responseEncoding: response?.encoding ?? null,
    responseTruncated: response?.truncated ?? false,
  };
}

/** An SMS as the platform stores one, but made up: no customer's number and text. */
function sampleSms(
  accountId: IntegerId,
  deliveryStatus: string,
  at: Date,
): PlainDocument & { readonly _id: string } {
  const phononUuid = randomUUID();
  return {
    _id: `test-${randomUUID()}`,
    attemptDetail: `${phononUuid}##1`,
    phononUuid,
    flowId: 200,
    accountID: accountId,
    length: 46,
    cost: {
      currency: { currencyID: 1, currencyName: 'INR' },
      amount: 0.75,
      serviceCategory: '53',
      serviceChargeType: 'Unit',
      smsUnit: 1,
    },
    nonEnglishChars: true,
    smsType: 'NORMAL',
    text: 'फोनन में आपका स्वागत है। This SMS is a test.',
    to: '919999999999',
    from: 'PHONON',
    sendTime: new Date(at.getTime() - 5_000),
    deliveryStatus,
    deliveryTime: at,
  };
}
