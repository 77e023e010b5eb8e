import { isPlainDocument, type PlainDocument, type PlainValue } from './plainValue.ts';
import type { ShownRecord } from './notification.ts';
import type { DeliveryRecord } from './record.ts';

const endedStates: ReadonlySet<PlainValue | undefined> = new Set([
  'delivered',
  'failed',
  'skipped',
]);

/** What tells whether a notification is a duplicate. */
interface Remembered {
  readonly notificationId: string;
  readonly record: DeliveryRecord | null;
  /** The run that replayed it. */
  readonly run?: string;
}

/** A record to restore. */
type Lost = Remembered & { readonly record: DeliveryRecord };

/** True when this notification has ended before, by the ledger or by the document's own record. */
export function isDuplicate(
  notificationId: string,
  ended: readonly Remembered[],
  document: PlainDocument,
): boolean {
  if (ended.some((entry) => entry.notificationId === notificationId)) return true;
  return endedStates.has(shownOf(document).get(notificationId)?.['state']);
}

/**
 * Records that the ledger (`ended`) or a waiting row (`waiting`) remembers and the document no longer shows: a
 * whole-document save by someone who had read it earlier removed or reverted them. For a notification that ended and is
 * being replayed, the end is restored only where the document shows nothing.
 */
export function lostRecords(
  { ended, waiting }: Readonly<Record<'ended' | 'waiting', readonly Remembered[]>>,
  document: PlainDocument,
): readonly Lost[] {
  const shown = shownOf(document);
  const endedIds = new Set(ended.map((entry) => entry.notificationId));
  const notEnded = waiting.filter((entry) => !endedIds.has(entry.notificationId));
  const isReplayed = (end: Remembered): boolean =>
    waiting.some(
      ({ notificationId, run }) => notificationId === end.notificationId && run !== end.run,
    );
  return [...ended, ...notEnded].flatMap((entry) => {
    const { notificationId, record } = entry;
    if (record === null) return [];
    const shownNow = shown.get(notificationId);
    const isShown = shows(shownNow, record) || (shownNow !== undefined && isReplayed(entry));
    return isShown ? [] : [{ ...entry, record }];
  });
}

/** A notification that waits for a retry may be shown with fewer attempts than it has made by now. */
function shows(shown: PlainDocument | undefined, record: DeliveryRecord): boolean {
  if (shown === undefined) return false;
  const { state, attempts } = shown;
  if (record.state !== 'retrying') return state === record.state;
  const isAsFar = typeof attempts === 'number' && attempts >= (record.attempts ?? 0);
  return endedStates.has(state) || (state === 'retrying' && isAsFar);
}

/** When the statuses were set that are remembered of an SMS, or shown by its document. */
export function knownTimes(
  {
    ended,
    waiting,
  }: Readonly<Record<'ended' | 'waiting', readonly (Remembered & { readonly statusAt?: Date })[]>>,
  document: PlainDocument,
): readonly Date[] {
  const remembered = [...ended, ...waiting].map(
    ({ statusAt, record }) => record?.statusAt ?? statusAt,
  );
  const shown = [...shownOf(document).values()].map((record) => record['statusAt']);
  return [...remembered, ...shown].filter((time) => time instanceof Date);
}

/** What the document shows, as far as it makes writing this notification's record cheaper. */
export function shownRecord(document: PlainDocument, notificationId: string): ShownRecord | null {
  const record = document['notify_on_delivery'];
  if (record === undefined) return 'none';
  const isOwn = isPlainDocument(record) && record['notificationId'] === notificationId;
  return isOwn && record['earlier'] === undefined ? 'own' : null;
}

/** What the document's record and its `earlier` list show, by notification. */
function shownOf(document: PlainDocument): ReadonlyMap<PlainValue, PlainDocument> {
  const shownById = new Map<PlainValue, PlainDocument>();
  const record = document['notify_on_delivery'];
  if (!isPlainDocument(record)) return shownById;
  const earlier = Array.isArray(record['earlier']) ? (record['earlier'] as PlainValue[]) : [];
  for (const shown of [...earlier, record]) {
    if (!isPlainDocument(shown)) continue;
    const id = shown['notificationId'];
    if (id !== undefined) shownById.set(id, shown);
  }
  return shownById;
}
