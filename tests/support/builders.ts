import {
  type AttemptLog,
  type AttemptOutcome,
  type Failure,
  noAttempts,
  withAttemptBegun,
  withOutcome,
} from '../../src/domain/attempt.ts';
import type { Change, StreamPosition } from '../../src/domain/change.ts';
import type { Notification, Subject } from '../../src/domain/notification.ts';
import { notificationId } from '../../src/domain/ids.ts';
import type { PlainDocument } from '../../src/domain/plainValue.ts';
import type { DeliveryRecord } from '../../src/domain/record.ts';
import type { Webhook } from '../../src/domain/route.ts';
import type { EndedSubject } from '../../src/notify/recorder.ts';
import type { Called } from '../../src/ports/endpoints.ts';
import type { NewRetry } from '../../src/ports/retries.ts';

/** When position 0 was written; position n is n seconds later. */
const epochMs = Date.parse('2023-10-19T06:00:00.000Z');

/** A place in a stream whose places are counted; `opaque` is the number. */
export function aPosition(at: number): StreamPosition {
  return { wallTime: new Date(epochMs + at * 1_000), opaque: at };
}

/** An SMS as the platform writes it. */
export function aDocument(fields: PlainDocument = {}): PlainDocument {
  return {
    _id: 'sms-1',
    _class: 'com.example.SMSDetailDocument',
    phononUuid: 'bd706f90-aa14-47ea-9844-3d1e1123f4ee',
    flowId: 200,
    accountID: 28,
    text: 'the text of the SMS',
    to: '919999999999',
    deliveryStatus: 'DELIVERED',
    ...fields,
  };
}

/** An update that sets `deliveryStatus`, unless asked to; what hangs together follows. */
export function aChange(fields: Partial<Change> = {}): Change {
  const { id = 'sms-1', deliveryStatus = 'DELIVERED', position = aPosition(1) } = fields;
  return {
    operation: 'update',
    documentKey: { opaque: { _id: id } },
    id,
    deliveryStatus,
    document: null,
    setFields: { deliveryStatus },
    statusAt: position.wallTime,
    position,
    ...fields,
  };
}

/** A whole-document save. */
export function aReplace(fields: PlainDocument = {}): Change {
  return aChange({ operation: 'replace', document: aDocument(fields), setFields: {} });
}

/** A whole-document save without a status. */
export function aSave(fields: Partial<Change> = {}): Change {
  const none = { deliveryStatus: undefined, document: null, setFields: {} };
  return aChange({ operation: 'replace', ...none, ...fields });
}

export function aSubject(fields: Partial<Subject> = {}): Subject {
  const { smsKey = 'sms-1', deliveryStatus = 'DELIVERED' } = fields;
  return {
    documentKey: { opaque: { _id: smsKey } },
    smsKey,
    notificationId: notificationId(smsKey, deliveryStatus),
    deliveryStatus,
    statusAt: aPosition(1).wallTime,
    ...fields,
  };
}

/** The subject of a notification of account 28 that has ended. */
export function anEndedSubject(fields: Partial<Subject> = {}): EndedSubject {
  return { ...aSubject(fields), accountId: 28 };
}

export function aWebhook(fields: Partial<Webhook> = {}): Webhook {
  return {
    webhookId: 7,
    url: new URL('https://customer.example/hook?token=query-secret'),
    headers: { authorization: 'header-secret' },
    signingKeys: [],
    displayUrl: 'https://customer.example/hook',
    endpointKey: 'endpoint-7',
    ...fields,
  };
}

/** Whom an attempt was made for, at the endpoint of this key. */
export function aCalled(endpointKey = 'endpoint-7'): Called {
  return { accountId: 28, webhook: aWebhook({ endpointKey }) };
}

export const aFailure: Failure = { statusCode: 500, error: null };

export function aNotification(fields: Partial<Notification> = {}): Notification {
  return {
    ...aSubject(fields),
    accountId: 28,
    flowId: 200,
    webhook: aWebhook(),
    body: Buffer.from('{"phonon-uuid":"…"}'),
    ...fields,
  };
}

export function aRecord(fields: Partial<DeliveryRecord> = {}): DeliveryRecord {
  const { deliveryStatus = 'DELIVERED' } = fields;
  return {
    state: 'delivered',
    deliveryStatus,
    statusAt: aPosition(1).wallTime,
    notificationId: notificationId('sms-1', deliveryStatus),
    webhookId: 7,
    url: 'https://customer.example/hook',
    attempts: 1,
    statusCode: 200,
    response: 'ok',
    firstAttemptAt: aPosition(2).wallTime,
    lastAttemptAt: aPosition(2).wallTime,
    durationMs: 12,
    ...fields,
  };
}

/** The log of attempts that came to these outcomes, in this order. */
export function aLog(...outcomes: readonly AttemptOutcome[]): AttemptLog {
  return outcomes.reduce(
    (log, outcome) => withOutcome(withAttemptBegun(log, outcome.startedAt), outcome),
    noAttempts,
  );
}

export function aRetry(fields: Partial<NewRetry> = {}): NewRetry {
  const { accountId, flowId, body, webhook } = aNotification();
  return {
    subject: aSubject(),
    accountId,
    flowId,
    body,
    acceptedAt: new Date(),
    log: noAttempts,
    webhook,
    undecided: null,
    ...fields,
  };
}

type Answered = Extract<AttemptOutcome, { kind: 'answered' }>;
type Unanswered = Extract<AttemptOutcome, { kind: 'unanswered' }>;

/** An attempt that got a status line. */
export function answered(statusCode: number, fields: Partial<Answered> = {}): Answered {
  return {
    kind: 'answered',
    statusCode,
    response: { text: 'ok', encoding: 'utf8', truncated: false },
    error: null,
    retryAfter: null,
    deliveryControl: null,
    startedAt: aPosition(2).wallTime,
    durationMs: 12,
    ...fields,
  };
}

/** An attempt that got none. */
export function unanswered(
  error: Unanswered['error'],
  fields: Partial<Unanswered> = {},
): Unanswered {
  return {
    kind: 'unanswered',
    error,
    startedAt: aPosition(2).wallTime,
    durationMs: 15_000,
    ...fields,
  };
}
