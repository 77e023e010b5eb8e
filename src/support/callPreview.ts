import { userAgentOf } from '../connections.ts';
import { buildPayload } from '../domain/payload.ts';
import type { Webhook } from '../domain/route.ts';
import { parseSmsDetail } from '../domain/sms.ts';
import { attemptHeaders, basicAuthorization, ownHeaders } from '../http/headers.ts';
import { createRetryList } from '../mongo/retrySupport.ts';
import type { StoredSms } from '../mongo/storedSms.ts';
import { toError } from '../runtime/errors.ts';
import { createTimeZone } from '../runtime/timeZone.ts';
import { asSentence } from './chainLink.ts';
import type { Session } from './session.ts';
import type { SmsFacts } from './smsFacts.ts';
import { unasked, waitingRow } from './verdict.ts';
import { askAboutAccount, webhookOf } from './webhooks.ts';

/** The call that would be made next for the present status, with the settings as they are now. */
export type CallPreview =
  /** None could be made. */
  | Readonly<{ kind: 'none'; why: string }>
  | Readonly<{
      kind: 'call';
      method: 'POST';
      /** Without userinfo, query and fragment. */
      url: string;
      hasQuery: boolean;
      headers: readonly HeaderPreview[];
      /** One for each secret; none for a webhook without. */
      signatures: number;
      body: BodyPreview;
    }>;

export interface HeaderPreview {
  readonly name: string;
  /** Null for what is never shown, and for what is only known at the call. */
  readonly value: string | null;
  /** Why there is no value. */
  readonly note: string | null;
}

export interface BodyPreview {
  /** As it was made when the status was read, or from the document as it is now. */
  readonly from: 'waiting row' | 'document';
  readonly bytes: number;
  /** Personal. Up to `SHOWN_CHARACTERS`. */
  readonly text: string;
  readonly isCut: boolean;
}

const SHOWN_CHARACTERS = 100_000;

type Sms = Pick<StoredSms, 'document'>;

/** Rejects only when MongoDB does not answer. */
export async function previewCall(
  session: Session,
  facts: SmsFacts,
  { document }: Sms,
): Promise<CallPreview> {
  const { notificationId } = facts;
  const { deliveryStatus, problem } = facts.document;
  if (deliveryStatus === null) return none('It has no delivery status yet.');
  const detail = parseSmsDetail(document);
  if (problem !== null) return none(`It can't be notified: ${problem}.`);
  if (notificationId === null || detail.kind === 'unusable' || typeof deliveryStatus !== 'string') {
    return none("It can't be notified as it is.");
  }
  const error = facts.route?.error ?? null;
  if (error !== null) return none(unasked(error));
  const webhook = await findWebhook(session, { ...detail, deliveryStatus });
  if (typeof webhook === 'string') return none(webhook);
  const { body, from } = await bodyOf(session, facts, document);
  const number = (waitingRow(facts)?.attempts ?? 0) + 1;
  const attempt = { webhook, body, notificationId, number };
  const text = Buffer.from(body).toString('utf8');
  return {
    kind: 'call',
    method: 'POST',
    url: webhook.displayUrl,
    hasQuery: webhook.url.search !== '',
    headers: headersOf(attempt, userAgentOf(session.version)),
    signatures: webhook.signingKeys.length,
    body: {
      from,
      bytes: body.byteLength,
      text: text.slice(0, SHOWN_CHARACTERS).toWellFormed(),
      isCut: text.length > SHOWN_CHARACTERS,
    },
  };
}

const none = (why: string): CallPreview => ({ kind: 'none', why });

/** Why there is none to be called, in a sentence. */
async function findWebhook(
  session: Session,
  { accountId, ...of }: Parameters<ReturnType<Session['routeQuery']>['ask']>[0],
): Promise<Webhook | string> {
  try {
    const row = await askAboutAccount(session, accountId, of);
    if (row === null) return `The route query returns no row for account ${accountId}.`;
    const webhook = webhookOf(session, row);
    return typeof webhook === 'string' ? `${asSentence(webhook)}.` : webhook;
  } catch (error) {
    return unasked(toError(error).message);
  }
}

async function bodyOf(
  { config, mongo }: Session,
  facts: SmsFacts,
  document: Sms['document'],
): Promise<{ readonly body: Uint8Array; readonly from: BodyPreview['from'] }> {
  const row = waitingRow(facts);
  const { state } = await mongo();
  const frozen =
    row === undefined ? null : await createRetryList(state.retries).bodyOf(row.notificationId);
  if (frozen !== null) return { body: frozen, from: 'waiting row' };
  const zone = createTimeZone(config.call.payloadTimeZone);
  const id = document['_id'] ?? null;
  return { body: buildPayload({ id, document, zone }), from: 'document' };
}

/** In the order in which they are set, of equal names the last: as the client sends them. */
function headersOf(
  attempt: Readonly<{
    webhook: Webhook;
    body: Uint8Array;
    notificationId: string;
    number: number;
  }>,
  userAgent: string,
): readonly HeaderPreview[] {
  const { webhook, body } = attempt;
  const all = new Map<string, HeaderPreview>();
  const add = (name: string, value: string | null, note: string | null = null): void => {
    all.set(name, { name, value, note });
  };
  for (const [name, value] of Object.entries(ownHeaders(userAgent))) add(name, value);
  if (basicAuthorization(webhook.url) !== null) {
    add('authorization', null, 'from the user name and password in the URL');
  }
  for (const name of Object.keys(webhook.headers)) add(name, null, 'set by the webhook');
  for (const [name, value] of Object.entries(
    attemptHeaders({ ...attempt, startedAt: new Date() }),
  )) {
    const note = ofTheCall[name] ?? null;
    add(name, note === null ? value : null, note);
  }
  add('content-length', String(body.byteLength));
  return [...all.values()];
}

const ofTheCall: Readonly<Record<string, string>> = {
  'webhook-timestamp': 'the seconds since 1970 when it is sent',
  'webhook-signature': 'made with the secret when it is sent',
};
