import { spellingsOf } from '../domain/phoneNumber.ts';
import {
  isPlainDocument,
  ownField,
  type PlainDocument,
  type PlainValue,
} from '../domain/plainValue.ts';
import { statusTime, timeIn, type TimeZone } from '../domain/sms.ts';
import {
  findByNumber,
  findByPhononUuid,
  NoSuchIndex,
  type FoundByField,
  type StoredSms,
} from '../mongo/storedSms.ts';
import { createTimeZone } from '../runtime/timeZone.ts';
import { dateText, type Day } from './day.ts';
import { Refused, type Session } from './session.ts';
import { gatherFacts, type SmsFacts } from './smsFacts.ts';
import { verdictOf } from './verdict.ts';
import { utcTimes } from './words.ts';

/** What a customer knows of an SMS. */
export type Known =
  | Readonly<{ kind: 'phononUuid'; phononUuid: string }>
  | Readonly<{ kind: 'number'; number: string; day: Day }>;

export interface Found {
  /** The latest first. */
  readonly sms: readonly FoundSms[];
  readonly hasMore: boolean;
}

/** `what`: such an SMS, in words. */
type Searched =
  | (Found & Readonly<{ kind: 'found' }>)
  | Readonly<{ kind: 'none'; what: string }>
  /** `advice`: the index to create, in a sentence. */
  | Readonly<{ kind: 'noIndex'; what: string; advice: string }>;

export interface HowMany {
  readonly limit: number;
  /** What became of each is asked as well, of so many as `EXPLAINED_AT_MOST`. */
  readonly isExplained: boolean;
}

/** Throws `Refused` when there is none, and when no index finds such an SMS. */
export async function findSms(session: Session, known: Known, limit: number): Promise<Found> {
  const searched = await searchByField(session, known, { limit, isExplained: true });
  if (searched.kind === 'found') return searched;
  if (searched.kind === 'noIndex') throw new Refused(searched.advice);
  const { namespace } = (await session.mongo()).sms;
  throw new Refused(`There is no SMS ${searched.what} in ${namespace}.`);
}

/** What an index finds. */
export async function searchByField(
  session: Session,
  known: Known,
  { limit, isExplained }: HowMany,
): Promise<Searched> {
  const { sms } = await session.mongo();
  const { payloadTimeZone } = session.config.call;
  const zone = createTimeZone(payloadTimeZone);
  const search = { sms, uuids: session.config.mongodb.uuidRepresentation, limit };
  const what = whatIs(known, zone, payloadTimeZone);
  let all: FoundByField;
  try {
    if (known.kind === 'phononUuid') {
      all = await findByPhononUuid(search, known.phononUuid);
    } else {
      const { number, day } = known;
      const { found, hasMore } = await findByNumber(search, spellingsOf(number) ?? [], day);
      all = { found: found.filter((each) => isOf(each, day, zone)), hasMore };
    }
  } catch (error) {
    if (!(error instanceof NoSuchIndex)) throw error;
    return { kind: 'noIndex', what, advice: indexToCreate(error, sms.dbName, sms.collectionName) };
  }
  const { found, hasMore } = all;
  if (found.length === 0) return { kind: 'none', what };
  return { kind: 'found', sms: await describeFound(session, found, isExplained), hasMore };
}

function whatIs(known: Known, zone: TimeZone, zoneName: string): string {
  if (known.kind === 'phononUuid') {
    return `with the phonon-uuid ${JSON.stringify(known.phononUuid.trim())}`;
  }
  const spellings = (spellingsOf(known.number) ?? []).join(', ');
  const date = dateText(known.day, zone);
  return `to ${spellings} that was sent or delivered on ${date} (${zoneName})`;
}

function isOf({ document }: StoredSms, { from, to }: Day, zone: TimeZone): boolean {
  return (['sendTime', 'deliveryTime'] as const).some((field) => {
    const time = timeIn(document, field, zone);
    return time !== null && time >= from && time < to;
  });
}

function indexToCreate({ key }: NoSuchIndex, database: string, collection: string): string {
  return `${database}.${collection} has no index for this search, and would have to be read as a whole. Create one in mongosh; the platform can keep working: db.getSiblingDB(${JSON.stringify(database)}).getCollection(${JSON.stringify(collection)}).createIndex(${JSON.stringify(key)})`;
}

/** So many are explained, each with lookups of its own; of more there is the state only. */
const EXPLAINED_AT_MOST = 10;

/** An SMS that was found, and all that is needed to go on with it. */
export type FoundSms = ReturnType<typeof describeSms>;

/** The latest first. */
export async function describeFound(
  session: Session,
  found: readonly StoredSms[],
  isExplained: boolean,
): Promise<readonly FoundSms[]> {
  const zone = createTimeZone(session.config.call.payloadTimeZone);
  const timeOf = ({ document }: StoredSms): number =>
    (timeIn(document, 'sendTime', zone) ?? statusTime(document, zone))?.getTime() ?? 0;
  const inOrder = found.toSorted((one, other) => timeOf(other) - timeOf(one));
  const isEachExplained = isExplained && found.length <= EXPLAINED_AT_MOST;
  const described: FoundSms[] = [];
  for (const each of inOrder) {
    const facts = isEachExplained ? await gatherFacts(session, each) : null;
    described.push(describeSms(each.smsId, each.document, { zone, facts }));
  }
  return described;
}

function describeSms(
  smsId: string,
  document: PlainDocument,
  { zone, facts }: Readonly<{ zone: TimeZone; facts: SmsFacts | null }>,
) {
  const record = ownField(document, 'notify_on_delivery') ?? null;
  const field = (name: string): PlainValue => ownField(document, name) ?? null;
  const recorded = (name: string): PlainValue =>
    isPlainDocument(record) ? (ownField(record, name) ?? null) : null;
  const data = {
    smsId,
    to: field('to'),
    phononUuid: field('phononUuid'),
    accountId: field('accountID'),
    flowId: field('flowId'),
    deliveryStatus: field('deliveryStatus'),
    sendTime: timeIn(document, 'sendTime', zone),
    statusTime: statusTime(document, zone),
    state: recorded('state'),
    reason: recorded('reason'),
    /** What became of it; null where it was not asked. */
    explanation: facts === null ? null : verdictOf(facts, utcTimes),
  };
  return { data, facts };
}
