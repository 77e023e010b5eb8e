import type { Document } from 'mongodb';
import type { DeliveryRecord, EarlierStatus } from '../domain/record.ts';

const RECORD = '$notify_on_delivery';
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
  return [{ $set: { notify_on_delivery: mergedRecord(record) } }];
}

function mergedRecord(record: DeliveryRecord): Document {
  const written = { $literal: record };
  const isOlder = {
    $or: [
      { $gt: [`${RECORD}.statusAt`, record.statusAt] },
      {
        $and: [
          { $eq: [`${RECORD}.statusAt`, record.statusAt] },
          { $ne: [{ $literal: record.deliveryStatus }, '$deliveryStatus'] },
        ],
      },
    ],
  };
  return {
    $switch: {
      branches: [
        { case: { $ne: [{ $type: `${RECORD}.notificationId` }, 'string'] }, then: written },
        {
          case: { $eq: [`${RECORD}.notificationId`, { $literal: record.notificationId }] },
          then: ofSameNotification(record),
        },
        {
          case: isOlder,
          then: withEarlier(RECORD, earlierWith(record, toLiteral(summaryOf(record)))),
        },
      ],
      default: withEarlier(written, earlierWith(record, currentSummary)),
    },
  };
}

/** What is further on stays; else the new record takes over, with what the document knew as earlier. */
function ofSameNotification(record: DeliveryRecord): Document {
  return {
    $cond: [
      { $gt: [currentProgress, progress[record.state]] },
      RECORD,
      {
        $mergeObjects: [
          { $literal: record },
          { $cond: [{ $isArray: `${RECORD}.earlier` }, { earlier: `${RECORD}.earlier` }, {}] },
        ],
      },
    ],
  };
}

const progress = { retrying: 0, failed: 1, skipped: 1, delivered: 2 } as const;

const currentProgress = {
  $switch: {
    branches: Object.entries(progress).map(([state, rank]) => ({
      case: { $eq: [`${RECORD}.state`, state] },
      then: rank,
    })),
    default: 0,
  },
};

const currentSummary = {
  deliveryStatus: `${RECORD}.deliveryStatus`,
  statusAt: `${RECORD}.statusAt`,
  notificationId: `${RECORD}.notificationId`,
  state: `${RECORD}.state`,
  reason: `${RECORD}.reason`,
  statusCode: `${RECORD}.statusCode`,
  attempts: `${RECORD}.attempts`,
  lastAttemptAt: `${RECORD}.lastAttemptAt`,
};

function summaryOf(record: DeliveryRecord): EarlierStatus {
  const { deliveryStatus, statusAt, notificationId, state } = record;
  return {
    deliveryStatus,
    statusAt,
    notificationId,
    state,
    ...(record.reason !== undefined && { reason: record.reason }),
    ...(record.statusCode !== undefined && { statusCode: record.statusCode }),
    ...(record.attempts !== undefined && { attempts: record.attempts }),
    ...(record.lastAttemptAt !== undefined && { lastAttemptAt: record.lastAttemptAt }),
  };
}

function toLiteral(value: unknown): Document {
  return { $literal: value };
}

/** The document's `earlier` without either of the two statuses at hand, plus `added`; the last ten. */
function earlierWith(record: DeliveryRecord, added: Document): Document {
  const current = { $cond: [{ $isArray: `${RECORD}.earlier` }, `${RECORD}.earlier`, []] };
  const others = {
    $filter: {
      input: current,
      cond: {
        $and: [
          { $ne: ['$$this.notificationId', { $literal: record.notificationId }] },
          { $ne: ['$$this.notificationId', `${RECORD}.notificationId`] },
        ],
      },
    },
  };
  const sorted = {
    $sortArray: { input: { $concatArrays: [others, [added]] }, sortBy: { statusAt: 1 } },
  };
  return { $slice: [sorted, -EARLIER_KEPT] };
}

function withEarlier(record: unknown, earlier: Document): Document {
  return { $mergeObjects: [record, { earlier }] };
}
