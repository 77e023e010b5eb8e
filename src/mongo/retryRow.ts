import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Binary, type Document } from 'mongodb';
import type { AttemptLog } from '../domain/attemptLog.ts';
import type { ParkableNotification, ParkedNotification } from '../pipeline/ports.ts';
import { endpointHash } from './endpointHash.ts';
import type { RetryRow } from './stateCollections.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** A parked notification as it is stored, but for when it is due and who has it. */
export async function toRetryRow(parked: ParkableNotification): Promise<RetryRow> {
  const { subject, accountId, flowId, body, acceptedAt } = parked;
  const { notificationId, smsKey, documentKey, deliveryStatus, statusAt } = subject;
  return {
    _id: notificationId,
    sms: smsKey,
    documentKey: documentKey.opaque,
    deliveryStatus,
    statusAt,
    accountId,
    flowId,
    body: new Binary(await compress(body)),
    acceptedAt,
    run: null,
    ...toRowUpdate(parked),
  };
}

export function toRowUpdate({
  log,
  webhook,
}: Pick<ParkableNotification, 'log' | 'webhook'>): Document {
  const { webhookId, displayUrl, endpointKey } = webhook;
  return {
    attempts: log.begun,
    log,
    webhookId,
    url: displayUrl,
    endpoint: endpointHash(endpointKey),
  };
}

export async function fromRetryRow(row: RetryRow): Promise<ParkedNotification> {
  const body = row['body'] as Binary;
  return {
    subject: {
      documentKey: { opaque: row['documentKey'] as unknown },
      smsKey: row['sms'] as string,
      notificationId: row._id,
      deliveryStatus: row['deliveryStatus'] as string,
      statusAt: row['statusAt'] as Date,
    },
    accountId: row['accountId'] as number | string,
    flowId: row['flowId'] as number | string,
    body: await decompress(body.buffer),
    acceptedAt: row['acceptedAt'] as Date,
    log: row['log'] as AttemptLog,
    webhook: {
      webhookId: row['webhookId'] as number | string,
      displayUrl: row['url'] as string | null,
    },
  };
}
