import type { Document, Filter } from 'mongodb';
import type { DeliveryRecord } from '../domain/record.ts';
import { comparisonsFor, type Comparisons } from './comparisons.ts';

const CURRENT = '$notify_on_delivery';
const NEW = '$$new';
const EARLIER_KEPT = 10;

/**
 * The update that puts `record` into an SMS document: an aggregation, so that the server decides against
 * what the document shows at that instant. Applying records of several statuses in any order, or one
 * twice, ends in the same document, which is also what lets a lost record be put back from the ledger.
 *
 * The document shows the newest status' record; older ones are summed up in `earlier`. Two traps:
 * without `$literal` a response text `$deliveryStatus` would be stored as that field's value, and the
 * new value must be one expression, since a `$set` of single fields would leave stale keys behind.
 *
 * @param isReplay it is of a replay: earlier outcomes of the notification no longer outrank it. Whether one is
 *   earlier is decided by its last attempt
 * @param hasCollation the collection may find texts equal that differ
 *
 * Kept small, as it is sent and parsed once per record: hence the variables.
 */
export function recordUpdate(
  record: DeliveryRecord,
  { isReplay = false, hasCollation = false } = {},
): Document[] {
  const compare = comparisonsFor(hasCollation);
  const isOlder = { $lt: [ageOf(NEW, compare), ageOf(CURRENT, compare)] };
  const replaced = withEarlier(NEW, orAbsent('$$others'));
  const merged = {
    $switch: {
      branches: [
        { case: { $ne: [typesOf(CURRENT), OUR_TYPES] }, then: NEW },
        {
          case: compare.equal(`${CURRENT}.notificationId`, `${NEW}.notificationId`),
          then: { $cond: [isBeyond(record.state, isReplay, compare), CURRENT, replaced] },
        },
        ...(record.state === 'retrying'
          ? [{ case: hasEnded(isReplay, compare), then: CURRENT }]
          : []),
        { case: isOlder, then: withEarlier(CURRENT, othersAnd(summaryOf(NEW), compare)) },
      ],
      default: withEarlier(NEW, othersAnd(summaryOf(CURRENT), compare)),
    },
  };
  const withOthers = { $let: { vars: { others: othersIn(compare) }, in: merged } };
  const value = { $let: { vars: { new: { $literal: record } }, in: withOthers } };
  return [{ $set: { notify_on_delivery: value } }];
}

/** What a record of this state must not replace when it is the same notification's. */
const statesBeyond: Readonly<Record<DeliveryRecord['state'], readonly string[]>> = {
  retrying: ['failed', 'skipped', 'delivered'],
  failed: ['delivered'],
  skipped: ['delivered'],
  delivered: [],
};

/**
 * Matches documents that show this notification's record alone, and of which `recordUpdate` makes one that shows `record`:
 * the end of a replay. Null for other records. Only for a collection without a collation.
 */
export function ownReplacedBy(
  { notificationId, state }: DeliveryRecord,
  { isReplay }: { readonly isReplay: boolean },
): Filter<Document> | null {
  if (!isReplay || state === 'retrying') return null;
  return {
    'notify_on_delivery.notificationId': notificationId,
    'notify_on_delivery.earlier': { $exists: false },
  };
}

/** A record put back may be late: while the notification waits, the one with more attempts is the later. */
function isBeyond(
  state: DeliveryRecord['state'],
  isReplay: boolean,
  compare: Comparisons,
): Document | boolean {
  const isEnded = compare.isOneOf(`${CURRENT}.state`, statesBeyond[state]);
  const isWaiting = compare.equal(`${CURRENT}.state`, 'retrying');
  if (isReplay) {
    return state === 'retrying' && { $and: [{ $or: [isEnded, isWaiting] }, isNoEarlier(CURRENT)] };
  }
  if (state !== 'retrying') return isEnded;
  const isAhead = { $gt: [`${CURRENT}.attempts`, `${NEW}.attempts`] };
  return { $or: [isEnded, { $and: [isWaiting, isAhead] }] };
}

/** Its last attempt was made no earlier than the new record's: of the same run then. */
function isNoEarlier(record: string): Document {
  return { $gte: [`${record}.lastAttemptAt`, `${NEW}.lastAttemptAt`] };
}

/** The document's; none when it is no list. */
const earlier = { $cond: [{ $isArray: `${CURRENT}.earlier` }, `${CURRENT}.earlier`, []] };

/** Summed up in `earlier` as ended: a record of its waiting that is put back comes late. */
function hasEnded(isReplay: boolean, compare: Comparisons): Document {
  const isIt = [
    compare.equal('$$this.notificationId', `${NEW}.notificationId`),
    compare.isOneOf('$$this.state', statesBeyond.retrying),
    ...(isReplay ? [isNoEarlier('$$this')] : []),
  ];
  return { $anyElementTrue: { $map: { input: earlier, in: { $and: isIt } } } };
}

/** These identify a record as ours. Anything else is overwritten, not kept. */
function typesOf(record: string): Document[] {
  return [{ $type: `${record}.notificationId` }, { $type: `${record}.statusAt` }];
}
const OUR_TYPES = ['string', 'date'];

/**
 * Compared as a whole: the time; at equal times whether the document shows that status; and at last the
 * id, so that the order of writing never matters.
 */
function ageOf(record: string, compare: Comparisons): unknown[] {
  return [
    `${record}.statusAt`,
    compare.equal(`${record}.deliveryStatus`, '$deliveryStatus'),
    ...compare.orderOf(`${record}.notificationId`),
  ];
}

/** Fields that are missing in the record are missing here. */
function summaryOf(record: string): Document {
  return {
    deliveryStatus: `${record}.deliveryStatus`,
    statusAt: `${record}.statusAt`,
    notificationId: `${record}.notificationId`,
    state: `${record}.state`,
    reason: `${record}.reason`,
    statusCode: `${record}.statusCode`,
    attempts: `${record}.attempts`,
    lastAttemptAt: `${record}.lastAttemptAt`,
  };
}

/** The document's `earlier` without either of the two statuses at hand. */
function othersIn(compare: Comparisons): Document {
  const isAnother = (record: string): Document =>
    compare.differ('$$this.notificationId', `${record}.notificationId`);
  const isOurs = { $eq: [typesOf('$$this'), OUR_TYPES] };
  const cond = { $and: [isOurs, isAnother(CURRENT), isAnother(NEW)] };
  return { $filter: { input: earlier, cond } };
}

function othersAnd(summary: Document, compare: Comparisons): Document {
  const all = { $concatArrays: ['$$others', [summary]] };
  return { $slice: [compare.sorted(all, 'statusAt', 'notificationId'), -EARLIER_KEPT] };
}

function orAbsent(list: string): Document {
  return { $cond: [{ $eq: [list, []] }, '$$REMOVE', list] };
}

function withEarlier(record: string, list: Document): Document {
  return { $mergeObjects: [record, { earlier: list }] };
}
