import type { Document } from 'mongodb';
import type { DeliveryRecord } from '../../src/domain/record.ts';
import { aPosition } from './builders.ts';

interface Reported {
  /** Seconds of test time. */
  readonly at: number;
  readonly attempts?: number;
  readonly response?: string | null;
}

function identity(deliveryStatus: string, at: number) {
  const statusAt = aPosition(at).wallTime;
  return { deliveryStatus, statusAt, notificationId: `sms-1:${deliveryStatus}` };
}

const webhook = { webhookId: 7, url: 'https://customer.example/hook' };

/** What `attempts` calls leave in a record; the answer of the last is 200 for a delivery. */
function called({ at, attempts = 1, response = 'ok' }: Reported, statusCode: number) {
  if (attempts === 0) return { ...webhook, attempts };
  const past = Array.from({ length: Math.min(attempts - 1, 10) }, (_, index) => ({
    at: aPosition(at + index).wallTime,
    statusCode: 500,
    error: null,
    durationMs: 3,
  }));
  return {
    ...webhook,
    attempts,
    statusCode,
    response,
    firstAttemptAt: aPosition(at).wallTime,
    lastAttemptAt: aPosition(at + attempts).wallTime,
    durationMs: 12,
    ...(past.length > 0 && { history: past }),
  };
}

/** Records of the SMS `sms-1` as they are written for a status set `at` that second. */
export function delivered(status: string, notified: Reported): DeliveryRecord {
  return { state: 'delivered', ...identity(status, notified.at), ...called(notified, 200) };
}

export function failed(status: string, notified: Reported): DeliveryRecord {
  const reason = notified.attempts === 0 ? 'endpoint_disabled' : 'attempts_exhausted';
  return { state: 'failed', reason, ...identity(status, notified.at), ...called(notified, 500) };
}

export function retrying(status: string, notified: Reported): DeliveryRecord {
  const nextAttemptAt = aPosition(notified.at + 60).wallTime;
  const record = { ...identity(status, notified.at), ...called(notified, 500), nextAttemptAt };
  return { state: 'retrying', ...record };
}

export function skipped(status: string, { at }: Reported): DeliveryRecord {
  return { state: 'skipped', reason: 'flow_webhook_disabled', ...identity(status, at) };
}

/** What `earlier` shows of a record. */
export function summary(record: DeliveryRecord): Document {
  const { deliveryStatus, statusAt, notificationId, state } = record;
  const { reason, statusCode, attempts, lastAttemptAt } = record;
  return {
    ...{ deliveryStatus, statusAt, notificationId, state },
    ...(reason !== undefined && { reason }),
    ...(statusCode !== undefined && { statusCode }),
    ...(attempts !== undefined && { attempts }),
    ...(lastAttemptAt !== undefined && { lastAttemptAt }),
  };
}

/** The fields that a shown record must have, and may have, by what it says of itself. */
export function fieldsOf(shown: Document): { must: readonly string[]; may: readonly string[] } {
  const { state, attempts } = shown as DeliveryRecord;
  const isSkipped = state === 'skipped';
  const isCalled = (attempts ?? 0) > 0;
  const answer = ['statusCode', 'response', 'firstAttemptAt', 'lastAttemptAt', 'durationMs'];
  return {
    must: [
      ...['state', 'deliveryStatus', 'statusAt', 'notificationId'],
      ...(isSkipped || state === 'failed' ? ['reason'] : []),
      ...(isSkipped ? [] : ['webhookId', 'url', 'attempts']),
      ...(isCalled ? answer : []),
      ...(state === 'retrying' ? ['nextAttemptAt'] : []),
      ...((attempts ?? 0) > 1 ? ['history'] : []),
    ],
    may: [...(isCalled ? ['error', 'responseTruncated', 'responseEncoding'] : []), 'earlier'],
  };
}

/** The fields that an item of `earlier` has. */
export function earlierFieldsOf({ state, attempts }: Document): readonly string[] {
  return [
    ...['deliveryStatus', 'statusAt', 'notificationId', 'state'],
    ...(state === 'skipped' || state === 'failed' ? ['reason'] : []),
    ...(state === 'skipped' ? [] : ['attempts']),
    ...(attempts > 0 ? ['statusCode', 'lastAttemptAt'] : []),
  ];
}
