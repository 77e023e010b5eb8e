import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { Binary, type Document } from 'mongodb';
import { noAttempts, type AttemptLog } from '../domain/attemptLog.ts';
import { weightOfLog } from '../domain/weight.ts';
import {
  NO_ENDPOINT,
  type ParkableNotification,
  type ParkedNotification,
  type RowUpdate,
  type Undecided,
} from '../pipeline/retryPort.ts';
import { rowProblem } from './rowProblem.ts';
import type { RetryRow } from './stateCollections.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** One to be stored; without `acceptedAt` it is taken up when it is. */
type Storable = Omit<ParkableNotification, 'acceptedAt'> &
  Partial<Pick<ParkableNotification, 'acceptedAt'>>;

/** A parked notification as it is stored, but for when it is due and who has it. */
export async function toRetryRow(parked: Storable): Promise<RetryRow> {
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
    bodyBytes: body.byteLength,
    ...(acceptedAt === undefined ? {} : { acceptedAt }),
    run: subject.run ?? null,
    ...toRowUpdate(parked),
  };
}

export function toRowUpdate({ log, webhook, undecided }: RowUpdate): Document {
  return { ...toLogFields(log), ...endpointFields(webhook), undecided };
}

/** What a row says of the attempts; `logBytes`: about what that takes in memory, beside `bodyBytes`. */
export function toLogFields(log: AttemptLog): Document {
  return { attempts: log.begun, log, logBytes: weightOfLog(log) };
}

/** Where a row leads. */
export interface EndpointFields {
  readonly webhookId: number | string | null;
  readonly url: string | null;
  readonly endpoint: string;
}

export function endpointFields(webhook: ParkableNotification['webhook']): EndpointFields {
  return {
    webhookId: webhook?.webhookId ?? null,
    url: webhook?.displayUrl ?? null,
    endpoint: webhook?.endpointKey ?? NO_ENDPOINT,
  };
}

/** A row that says nothing that could be gone on from; `problem` holds nothing of it. */
export class UnreadableRow extends Error {
  override readonly name = 'UnreadableRow';
}

/** No JSON of a document of 16 MB is larger. */
const BODY_AT_MOST_BYTES = 128 * 1024 * 1024;

/** Rejects with `UnreadableRow` for one that somebody else has written, or a disk has spoilt. */
export async function fromRetryRow(row: RetryRow): Promise<ParkedNotification> {
  const problem = rowProblem(row);
  if (problem !== null) throw new UnreadableRow(problem);
  const { buffer } = row['body'] as Binary;
  const body = await decompress(buffer, { maxOutputLength: BODY_AT_MOST_BYTES }).catch(() => {
    throw new UnreadableRow('body must be a text compressed by gzip');
  });
  return {
    subject: {
      documentKey: { opaque: row['documentKey'] as unknown },
      smsKey: row['sms'] as string,
      notificationId: row._id,
      deliveryStatus: row['deliveryStatus'] as string,
      statusAt: row['statusAt'] as Date,
      ...runOf(row),
    },
    accountId: row['accountId'] as number | string,
    flowId: row['flowId'] as number | string,
    body,
    acceptedAt: row['acceptedAt'] as Date,
    log: logOf(row),
    webhook: webhookOf(row),
    undecided: (row['undecided'] as Undecided | null | undefined) ?? null,
  };
}

export function runOf(row: Document): { readonly run?: string } {
  const run: unknown = row['run'];
  return typeof run === 'string' ? { run } : {};
}

/** Rows of earlier versions lack what has been added since. */
export function logOf(row: RetryRow): AttemptLog {
  return { ...noAttempts, ...(row['log'] as AttemptLog) };
}

export function webhookOf(row: RetryRow): ParkedNotification['webhook'] {
  const webhookId = row['webhookId'] as number | string | null;
  return webhookId === null ? null : { webhookId, displayUrl: row['url'] as string | null };
}

/** A body of this size fits whatever gzip makes of it: 16 MB less what else a row may hold. */
const SURELY_FITS_BYTES = 12 * 1024 * 1024;

export async function fitsIntoRow(body: Uint8Array): Promise<boolean> {
  return (
    body.byteLength <= SURELY_FITS_BYTES || (await compress(body)).byteLength <= SURELY_FITS_BYTES
  );
}
