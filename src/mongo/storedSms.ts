import {
  Binary,
  BSON,
  Decimal128,
  Double,
  Int32,
  Long,
  ObjectId,
  UUID,
  type Collection,
  type Document,
} from 'mongodb';
import { idText, parseIntegerId } from '../domain/ids.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import { limits, readAnswer, withDeadline } from './calls.ts';
import { asBytes } from './decodeDocument.ts';
import {
  defaultUuidRepresentation,
  toLegacyUuid,
  toPlainDocument,
  type UuidRepresentation,
} from './plainDocument.ts';
import { findByKeys } from './smsCollection.ts';
import { isIndexGone } from './timeIndex.ts';

/** An SMS document, and its `_id` as it is stored. */
export interface StoredSms {
  readonly storedId: unknown;
  /** As commands take it: its text, else Extended JSON. */
  readonly smsId: string;
  readonly document: PlainDocument;
}

/**
 * Finds the SMS whose `_id`, a text, an ObjectId, a UUID or a number, reads like this, or is this in Extended JSON; null
 * when there is none.
 */
export async function findStoredSms(
  sms: Collection,
  id: string,
  uuids: UuidRepresentation,
): Promise<StoredSms | null> {
  const keys = idsLike(id, uuids).map((_id) => ({ _id }));
  const likes = await findByKeys(sms, keys);
  const texts = keys.map(({ _id }) => _id);
  // With a collation other texts are found as well.
  const found = likes.find(({ _id }) => typeof _id !== 'string' || texts.includes(_id));
  return found === undefined ? null : toStored(found, uuids);
}

/** Finds the SMS whose `_id` reads like this; null when there is none. */
export async function findSms(
  sms: Collection,
  id: string,
  uuids: UuidRepresentation = defaultUuidRepresentation,
): Promise<PlainDocument | null> {
  return (await findStoredSms(sms, id, uuids))?.document ?? null;
}

function toStored(stored: Document, uuids: UuidRepresentation): StoredSms {
  const document = toPlainDocument(stored, uuids);
  const id = document['_id'] ?? null;
  const smsId = idText(id) ?? JSON.stringify(id);
  return { storedId: stored['_id'] as unknown, smsId, document };
}

function idsLike(id: string, uuids: UuidRepresentation): unknown[] {
  const ids: unknown[] = [id, ...fromExtendedJson(id), ...uuidsLike(id, uuids)];
  if (/^[\da-f]{24}$/i.test(id)) ids.push(ObjectId.createFromHexString(id));
  const number = parseIntegerId(id);
  if (number !== null) ids.push(typeof number === 'number' ? number : Long.fromString(number));
  return ids;
}

function uuidsLike(text: string, uuids: UuidRepresentation): readonly Binary[] {
  if (!UUID.isValid(text)) return [];
  const uuid = new UUID(text);
  return [uuid, toLegacyUuid(uuid.buffer, uuids)];
}

const idTypes = [ObjectId, Binary, Long, Int32, Double, Decimal128] as const;

/** As `mongosh` and exports write ids. What could be more than a value, such as an operator, is none. */
function fromExtendedJson(text: string): readonly unknown[] {
  if (!/^\s*["{]/.test(text)) return [];
  try {
    const value: unknown = BSON.EJSON.parse(text, { relaxed: false });
    const isId = typeof value === 'string' || idTypes.some((type) => value instanceof type);
    return isId ? [value] : [];
  } catch {
    return [];
  }
}

/** No index of the customer's finds such documents: all would have to be read. */
export class NoSuchIndex extends Error {
  override readonly name = 'NoSuchIndex';
  readonly key: Document;
  constructor(key: Document) {
    super(`no index leads with ${Object.keys(key).join(', ')}`);
    this.key = key;
  }
}

export interface FoundByField {
  readonly found: readonly StoredSms[];
  /** There are others, beyond `limit` or what one answer of the server holds. */
  readonly hasMore: boolean;
}

interface Search {
  readonly sms: Collection;
  readonly uuids: UuidRepresentation;
  readonly limit: number;
}

/** Rejects with `NoSuchIndex`, and when the database does not answer. */
export async function findByPhononUuid(search: Search, written: string): Promise<FoundByField> {
  const text = written.trim();
  const texts = new Set([text, text.toLowerCase(), text.toUpperCase()]);
  const values = [...texts, ...uuidsLike(text, search.uuids)];
  return await findBy(search, 'phononUuid', values, {});
}

/** Documents to one number, by all of its spellings, that may have been sent or delivered within the span. */
export async function findByNumber(
  search: Search,
  spellings: readonly string[],
  span: Readonly<{ from: Date; to: Date }>,
): Promise<FoundByField> {
  const numbers = spellings.filter((each) => /^[1-9]\d{0,15}$/.test(each)).map(Number);
  const values = [...spellings, ...new Set(numbers.filter(Number.isSafeInteger))];
  const within = ['sendTime', 'deliveryTime'].flatMap((field) =>
    rangesOf(span).map((range) => ({ [field]: range })),
  );
  return await findBy(search, 'to', values, { $or: within });
}

const DAY_MS = 86_400_000;

/** The span in dates, and in ISO 8601 texts, which only their reader can place exactly: a day more at either end. */
function rangesOf({ from, to }: Readonly<{ from: Date; to: Date }>): readonly Document[] {
  const first = dateText(from.getTime() - DAY_MS);
  const last = dateText(to.getTime() + 2 * DAY_MS);
  const basic = (date: string): string => date.replaceAll('-', '');
  return [
    { $gte: from, $lt: to },
    { $gte: first, $lt: last },
    { $gte: basic(first), $lt: basic(last) },
  ];
}

function dateText(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

async function findBy(
  { sms, uuids, limit }: Search,
  field: string,
  values: readonly unknown[],
  more: Document,
): Promise<FoundByField> {
  const named = { [field]: { $in: values } };
  const index = await indexFor(sms, named);
  if (index === 'none') throw new NoSuchIndex({ [field]: 1 });
  if (index === 'no collection') return { found: [], hasMore: false };
  const options = { hint: index.name, limit: limit + 1, batchSize: limit + 2, ...asBytes };
  try {
    const cursor = sms.find({ ...named, ...more }, options);
    const { documents, isAll } = await readAnswer(cursor, limits.page);
    const found = documents.slice(0, limit).map((document) => toStored(document, uuids));
    return { found, hasMore: !isAll || documents.length > limit };
  } catch (error) {
    if (isIndexGone(error)) throw new NoSuchIndex({ [field]: 1 });
    throw error;
  }
}

/** The index that the server itself would take; it knows best which it can use, whatever their kinds and collations. */
async function indexFor(
  sms: Collection,
  filter: Document,
): Promise<Readonly<{ name: string }> | 'none' | 'no collection'> {
  const plan = await withDeadline(limits.question, () => sms.find(filter).explain('queryPlanner'));
  const stages = stagesIn((plan['queryPlanner'] as Document | undefined)?.['winningPlan']);
  if (stages.some(({ stage }) => stage === 'COLLSCAN')) return 'none';
  const name = stages.find(({ indexName }) => typeof indexName === 'string')?.['indexName'] as
    string | undefined;
  return name === undefined ? 'no collection' : { name };
}

/** All stages of a plan, those on each shard as well. */
function stagesIn(value: unknown): readonly Document[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap(stagesIn);
  return 'stage' in value ? [value, ...below] : below;
}
