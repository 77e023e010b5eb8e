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
import { Refused, type Session } from './session.ts';
import { gatherFacts, type SmsFacts } from './smsFacts.ts';
import { verdictOf } from './verdict.ts';
import { utcTimes } from './words.ts';

/** From its first moment to that of the next one. */
interface Day {
  readonly from: Date;
  readonly to: Date;
}

/** What a customer knows of an SMS. */
export type Known =
  | Readonly<{ kind: 'phononUuid'; phononUuid: string }>
  | Readonly<{ kind: 'number'; number: string; day: Day }>;

interface Found {
  /** The latest first. */
  readonly sms: readonly FoundSms[];
  readonly hasMore: boolean;
}

/** Throws `Refused` when there is none, and when no index finds such an SMS. */
export async function findSms(session: Session, known: Known, limit: number): Promise<Found> {
  const { sms } = await session.mongo();
  const { payloadTimeZone } = session.config.call;
  const zone = createTimeZone(payloadTimeZone);
  const search = { sms, uuids: session.config.mongodb.uuidRepresentation, limit };
  const refuse = (error: unknown): never => refuseWithout(error, sms.dbName, sms.collectionName);
  let what: string;
  let all: FoundByField;
  if (known.kind === 'phononUuid') {
    const { phononUuid } = known;
    what = `with the phonon-uuid ${JSON.stringify(phononUuid.trim())}`;
    all = await findByPhononUuid(search, phononUuid).catch(refuse);
  } else {
    const { number, day } = known;
    const spellings = spellingsOf(number) ?? [];
    const date = zone.format(day.from).slice(0, 10);
    what = `to ${spellings.join(', ')} that was sent or delivered on ${date} (${payloadTimeZone})`;
    const { found, hasMore } = await findByNumber(search, spellings, day).catch(refuse);
    all = { found: found.filter((each) => isOf(each, day, zone)), hasMore };
  }
  if (all.found.length === 0) throw new Refused(`There is no SMS ${what} in ${sms.namespace}.`);
  return { sms: await describeFound(session, all.found), hasMore: all.hasMore };
}

function isOf({ document }: StoredSms, { from, to }: Day, zone: TimeZone): boolean {
  return (['sendTime', 'deliveryTime'] as const).some((field) => {
    const time = timeIn(document, field, zone);
    return time !== null && time >= from && time < to;
  });
}

function refuseWithout(error: unknown, database: string, collection: string): never {
  if (!(error instanceof NoSuchIndex)) throw error;
  const key = JSON.stringify(error.key);
  throw new Refused(
    `${database}.${collection} has no index for this search, and would have to be read as a whole. Create one in mongosh; the platform can keep working: db.getSiblingDB(${JSON.stringify(database)}).getCollection(${JSON.stringify(collection)}).createIndex(${key})`,
    { cause: error },
  );
}

/** So many are explained, each with lookups of its own; of more there is the state only. */
const EXPLAINED_AT_MOST = 10;

/** An SMS that was found, and all that is needed to go on with it. */
export type FoundSms = ReturnType<typeof describeSms>;

/** The latest first. */
async function describeFound(
  session: Session,
  found: readonly StoredSms[],
): Promise<readonly FoundSms[]> {
  const zone = createTimeZone(session.config.call.payloadTimeZone);
  const timeOf = ({ document }: StoredSms): number =>
    (timeIn(document, 'sendTime', zone) ?? statusTime(document, zone))?.getTime() ?? 0;
  const inOrder = found.toSorted((one, other) => timeOf(other) - timeOf(one));
  const described: FoundSms[] = [];
  for (const each of inOrder) {
    const { smsId, document } = each;
    const isExplained = found.length <= EXPLAINED_AT_MOST;
    const facts = isExplained ? await gatherFacts(session, each) : null;
    described.push(describeSms(smsId, document, { zone, facts }));
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
