import type { Document } from 'mongodb';
import type { DeliveryRecord } from '../domain/record.ts';

const CURRENT = '$notify_on_delivery';
const NEW = '$$new';
const EARLIER_KEPT = 10;

/**
 * The update that puts `record` into an SMS document: an aggregation, so that the server decides against
 * what the document shows at that instant. Applying records in any order, or one twice, ends in the same
 * document, which is also what lets a lost record be put back from the ledger.
 *
 * The document shows the newest status' record; older ones are summed up in `earlier`. Two traps:
 * without `$literal` a response text `$deliveryStatus` would be stored as that field's value, and the
 * new value must be one expression, since a `$set` of single fields would leave stale keys behind.
 */
export function recordUpdate(record: DeliveryRecord): Document[] {
  const merged = { $let: { vars: { new: { $literal: record } }, in: mergedRecord } };
  return [{ $set: { notify_on_delivery: merged } }];
}

const progress = { retrying: 0, failed: 1, skipped: 1, delivered: 2 } as const;

function progressOf(status: string): Document {
  const branches = Object.entries(progress).map(([state, rank]) => ({
    case: { $eq: [`${status}.state`, state] },
    then: rank,
  }));
  return { $switch: { branches, default: 0 } };
}

/** False for anything that somebody else has put there: it is written over, and no part of it kept. */
function isOurs(status: string): Document {
  return {
    $and: [
      { $eq: [{ $type: `${status}.notificationId` }, 'string'] },
      { $eq: [{ $type: `${status}.statusAt` }, 'date'] },
    ],
  };
}

/**
 * What makes one status newer than another, for comparison as a whole: its time; at equal times whether
 * the document shows it; and, so that the order of writing never matters, its id.
 */
function ageOf(status: string): unknown[] {
  return [
    `${status}.statusAt`,
    { $eq: [`${status}.deliveryStatus`, '$deliveryStatus'] },
    `${status}.notificationId`,
  ];
}

/** Fields that are missing in the record are missing here. */
function summaryOf(record: string): Document {
  const fields = [
    'deliveryStatus',
    'statusAt',
    'notificationId',
    'state',
    'reason',
    'statusCode',
    'attempts',
    'lastAttemptAt',
  ];
  return Object.fromEntries(fields.map((field) => [field, `${record}.${field}`]));
}

/** The document's `earlier`, as far as `condition` holds for the item `$$this`. */
function earlierWhere(condition: Document): Document {
  const input = { $cond: [{ $isArray: `${CURRENT}.earlier` }, `${CURRENT}.earlier`, []] };
  return { $filter: { input, cond: { $and: [isOurs('$$this'), condition] } } };
}

/** The document's `earlier` without either of the two statuses at hand, plus `added`. */
function earlierWith(...added: Document[]): Document {
  const others = earlierWhere({
    $not: [
      { $in: ['$$this.notificationId', [`${NEW}.notificationId`, `${CURRENT}.notificationId`]] },
    ],
  });
  const input = { $concatArrays: [others, added] };
  const sorted = { $sortArray: { input, sortBy: { statusAt: 1, notificationId: 1 } } };
  return { $slice: [sorted, -EARLIER_KEPT] };
}

function withEarlier(record: string, earlier: Document): Document {
  const shown = { $cond: [{ $eq: [earlier, []] }, {}, { earlier }] };
  return { $mergeObjects: [record, shown] };
}

/** The new record's summary, unless the document knows this notification as further on already. */
const newSummary = {
  $ifNull: [
    {
      $first: earlierWhere({
        $and: [
          { $eq: ['$$this.notificationId', `${NEW}.notificationId`] },
          { $gt: [progressOf('$$this'), progressOf(NEW)] },
        ],
      }),
    },
    summaryOf(NEW),
  ],
};

const mergedRecord = {
  $switch: {
    branches: [
      { case: { $not: [isOurs(CURRENT)] }, then: NEW },
      {
        case: { $eq: [`${CURRENT}.notificationId`, `${NEW}.notificationId`] },
        then: {
          $cond: [
            { $gt: [progressOf(CURRENT), progressOf(NEW)] },
            CURRENT,
            withEarlier(NEW, earlierWith()),
          ],
        },
      },
      {
        case: { $gt: [ageOf(NEW), ageOf(CURRENT)] },
        then: withEarlier(NEW, earlierWith(summaryOf(CURRENT))),
      },
    ],
    default: withEarlier(CURRENT, earlierWith(newSummary)),
  },
};
