import { isDuplicate, shownRecord } from '../domain/duplicates.ts';
import type { FoundDocument } from '../domain/gap.ts';
import { identify } from '../domain/identify.ts';
import type { IntegerId } from '../domain/ids.ts';
import type { Subject } from '../domain/notification.ts';
import { buildPayload, overlayChange } from '../domain/payload.ts';
import {
  isPlainDocument,
  ownField,
  type PlainDocument,
  type PlainValue,
} from '../domain/plainValue.ts';
import { parseSmsDetail, statusTime, type TimeZone } from '../domain/sms.ts';
import type { Replay } from '../mongo/retrySupport.ts';

/** A document that a search found: what of it to notify, or why nothing. */
export type Candidate =
  | Readonly<{ kind: 'enqueue'; replay: Replay }>
  /** It waits for a retry as it is. */
  | Readonly<{ kind: 'waiting' }>
  /** Its ids or its status can't be used. */
  | Readonly<{ kind: 'unusable' }>
  /** DELIVERY_STATUSES leaves its status out. */
  | Readonly<{ kind: 'filtered' }>
  /** It does not say when it got its status. */
  | Readonly<{ kind: 'unplaceable' }>
  /** Its status has ended before. */
  | Readonly<{ kind: 'ended' }>
  /** Of another time or account after all. */
  | Readonly<{ kind: 'outside' }>;

export interface Span {
  readonly since: Date;
  /** Not itself a part of it. */
  readonly until: Date;
  readonly accountId: IntegerId | null;
}

interface Reading {
  readonly zone: TimeZone;
  /** Empty: every status counts. */
  readonly deliveryStatuses: ReadonlySet<string>;
}

/** The status that a document's record shows, to be notified again as the run of this name. */
export function toReplay(
  { documentKey, document }: FoundDocument,
  { accountId }: Span,
  { zone, run }: Pick<Reading, 'zone'> & { readonly run: string },
): Candidate {
  const record = ownField(document, 'notify_on_delivery');
  if (!isPlainDocument(record)) return { kind: 'outside' };
  if (record['state'] === 'retrying') return { kind: 'waiting' };
  const deliveryStatus = record['deliveryStatus'] ?? null;
  const statusAt = record['statusAt'];
  if (!(statusAt instanceof Date)) return { kind: 'outside' };
  const status = { documentKey, document, deliveryStatus, statusAt };
  return toReplayStatus(status, { accountId, zone, run });
}

/** One status of a document, to be notified again as the run of this name: the body as the document is now. */
export function toReplayStatus(
  status: FoundDocument & Readonly<{ deliveryStatus: PlainValue; statusAt: Date }>,
  { accountId, zone, run }: Readonly<{ accountId: IntegerId | null; zone: TimeZone; run: string }>,
): Candidate {
  const { document, deliveryStatus } = status;
  const subject = subjectOf(status);
  if (typeof subject === 'string') return { kind: subject };
  const set = { deliveryStatus };
  const changed = overlayChange(document, { document: null, setFields: set, deliveryStatus });
  return toEnqueue({ ...subject, run }, changed, { accountId, zone });
}

/** The status that a document shows, unless its record says that it was notified. */
export function toBackfill(
  { documentKey, document }: FoundDocument,
  { since, until, accountId }: Span,
  { zone, deliveryStatuses }: Reading,
): Candidate {
  const deliveryStatus = ownField(document, 'deliveryStatus') ?? null;
  const statusAt = statusTime(document, zone);
  if (statusAt === null) return { kind: 'unplaceable' };
  if (statusAt < since || statusAt >= until) return { kind: 'outside' };
  const subject = subjectOf(
    { documentKey, document, deliveryStatus, statusAt: notBeforeShown(statusAt, document) },
    deliveryStatuses,
  );
  if (typeof subject === 'string') return { kind: subject };
  if (isDuplicate(subject.notificationId, [], document)) return { kind: 'ended' };
  return toEnqueue(subject, document, { accountId, zone });
}

/** The status a document has is newer than the one its record shows, whatever the carrier's clock says. */
function notBeforeShown(statusAt: Date, document: PlainDocument): Date {
  const record = ownField(document, 'notify_on_delivery');
  const shownAt = isPlainDocument(record) ? record['statusAt'] : null;
  return shownAt instanceof Date && shownAt > statusAt ? shownAt : statusAt;
}

const everyStatus: ReadonlySet<string> = new Set();

function subjectOf(
  status: FoundDocument & Pick<Parameters<typeof identify>[0], 'deliveryStatus' | 'statusAt'>,
  wanted: ReadonlySet<string> = everyStatus,
): Subject | 'unusable' | 'filtered' {
  const { documentKey, document, deliveryStatus, statusAt } = status;
  const identity = identify(
    {
      operation: 'update',
      documentKey,
      id: document['_id'] ?? null,
      deliveryStatus,
      document: null,
      setFields: {},
      statusAt,
      position: { wallTime: statusAt, opaque: null },
    },
    wanted,
  );
  if (identity.kind === 'subject') return identity.subject;
  return identity.kind === 'filtered' ? 'filtered' : 'unusable';
}

function toEnqueue(
  subject: Subject,
  document: PlainDocument,
  { accountId, zone }: { readonly accountId: IntegerId | null; readonly zone: TimeZone },
): Candidate {
  const detail = parseSmsDetail(document);
  if (detail.kind === 'unusable') return { kind: 'unusable' };
  if (accountId !== null && detail.accountId !== accountId) return { kind: 'outside' };
  const body = buildPayload({ id: document['_id'] ?? null, document, zone });
  const shows = shownRecord(document, subject.notificationId);
  const { accountId: ofAccount, flowId } = detail;
  return {
    kind: 'enqueue',
    replay: { subject: { ...subject, shows }, accountId: ofAccount, flowId, body },
  };
}
