import { isPlainDocument, type PlainDocument, type PlainValue } from './plainValue.ts';
import type { DeliveryRecord } from './record.ts';

const endedStates: ReadonlySet<PlainValue | undefined> = new Set([
  'delivered',
  'failed',
  'skipped',
]);

/** What the ledger remembers of one ended notification, as far as suppression needs it. */
interface Ended {
  readonly notificationId: string;
  readonly record: DeliveryRecord | null;
}

/** True when this notification has ended before, by the ledger or by the document's own record. */
export function isDuplicate(
  notificationId: string,
  ended: readonly Ended[],
  document: PlainDocument,
): boolean {
  if (ended.some((entry) => entry.notificationId === notificationId)) return true;
  return endedStates.has(shownStates(document).get(notificationId));
}

/**
 * Records the ledger remembers and the document no longer shows as they were: a whole-document save by
 * somebody who had read it earlier removed them or turned them back.
 */
export function lostRecords(
  ended: readonly Ended[],
  document: PlainDocument,
): readonly DeliveryRecord[] {
  const shown = shownStates(document);
  return ended.flatMap(({ notificationId, record }) =>
    record === null || shown.get(notificationId) === record.state ? [] : [record],
  );
}

/** The state of each notification that the document's record and its `earlier` list show. */
function shownStates(document: PlainDocument): ReadonlyMap<PlainValue, PlainValue | undefined> {
  const states = new Map<PlainValue, PlainValue | undefined>();
  const record = document['notify_on_delivery'];
  if (!isPlainDocument(record)) return states;
  const earlier = Array.isArray(record['earlier']) ? (record['earlier'] as PlainValue[]) : [];
  for (const shown of [...earlier, record]) {
    if (!isPlainDocument(shown)) continue;
    const id = shown['notificationId'];
    if (id !== undefined) states.set(id, shown['state']);
  }
  return states;
}
