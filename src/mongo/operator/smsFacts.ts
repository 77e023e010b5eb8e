import { Long, ObjectId, UUID, type Collection, type Document } from 'mongodb';
import { parseIntegerId } from '../../domain/integerId.ts';
import { smsKey } from '../../domain/notificationId.ts';
import type { PlainDocument } from '../../domain/plainValue.ts';
import { limits, withDeadline } from '../calls.ts';
import { asBytes, decodeAll } from '../decodeDocument.ts';
import { findByKeys } from '../findByKeys.ts';
import { historyOf } from '../ledger.ts';
import { defaultUuidRepresentation, toLegacyUuid, type UuidRepresentation } from '../legacyUuid.ts';
import { toPlainDocument } from '../plainDocument.ts';
import type { StateCollections } from '../stateCollections.ts';
import { dateOf, nameOf, textOf, unreadableIn, type ShownRow } from './shownRow.ts';

export interface EndFacts extends ShownRow {
  readonly notificationId: string;
  readonly state: string | null;
  readonly endedAt: Date | null;
  readonly forgottenAt: Date | null;
  /** As it is stored. */
  readonly record: unknown;
}

/** Finds the SMS whose `_id`, a text, an ObjectId, a UUID or a number, reads like this; null when there is none. */
export async function findSms(
  sms: Collection,
  id: string,
  uuids: UuidRepresentation = defaultUuidRepresentation,
): Promise<PlainDocument | null> {
  const keys = idsLike(id, uuids).map((_id) => ({ _id }));
  const likes = await findByKeys(sms, keys);
  const found = likes.find(({ _id }) => typeof _id !== 'string' || _id === id);
  return found === undefined ? null : toPlainDocument(found, uuids);
}

function idsLike(id: string, uuids: UuidRepresentation): unknown[] {
  const ids: unknown[] = [id];
  if (/^[\da-f]{24}$/i.test(id)) ids.push(ObjectId.createFromHexString(id));
  if (UUID.isValid(id)) {
    const uuid = new UUID(id);
    ids.push(uuid, toLegacyUuid(uuid.buffer, uuids));
  }
  const number = parseIntegerId(id);
  if (number !== null) ids.push(typeof number === 'number' ? number : Long.fromString(number));
  return ids;
}

/** What the ledger remembers of an SMS, the latest end last. */
export async function findEnds(
  sent: StateCollections['sent'],
  document: PlainDocument,
): Promise<readonly EndFacts[]> {
  const key = smsKey(document['_id'] ?? null);
  if (key === null) return [];
  const filter: Document = { _id: historyOf(key) };
  const rows = await withDeadline(limits.question, () =>
    sent.find(filter, { sort: { endedAt: 1 }, ...asBytes }).toArray(),
  );
  return decodeAll(rows).map((row) => ({
    notificationId: nameOf(row),
    state: textOf(row['state']),
    endedAt: dateOf(row['endedAt']),
    forgottenAt: dateOf(row['expireAt']),
    record: (row['record'] ?? null) as unknown,
    ...unreadableIn('end', row),
  }));
}
