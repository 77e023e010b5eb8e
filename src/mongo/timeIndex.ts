import type { Collection, Document } from 'mongodb';
import { withDeadline, type Limit } from './calls.ts';
import { codes, serverCode } from './errors.ts';

/**
 * The name of an index of the customer's that gives all documents in the order of `deliveryTime`; null when there is
 * none, or the worker may not see it.
 */
export async function findTimeIndex(sms: Collection, patience: Limit): Promise<string | null> {
  for (const index of await listIndexes(sms, patience)) {
    const name = index['name'] as string;
    if (isWhole(index) && (await givesOrder(sms, name, patience))) return name;
  }
  return null;
}

/** Whether the server refused a query because the index in its hint is gone, hidden or not yet built. */
export function isIndexGone(error: unknown): boolean {
  return serverCode(error) === codes.badValue;
}

async function listIndexes(sms: Collection, patience: Limit): Promise<readonly Document[]> {
  try {
    return await withDeadline(patience, () => sms.listIndexes().toArray());
  } catch (error) {
    const code = serverCode(error);
    if (code === codes.unauthorized || code === codes.namespaceNotFound) return [];
    throw error;
  }
}

/** It leads with the time, and leaves no document out. Its collation, if it has one, orders times like any other. */
function isWhole(index: Document): boolean {
  const key = Object.entries(index['key'] as Document);
  const isPlain = key.every(([, direction]) => Number.isFinite(Number(direction)));
  const hasWildcard = key.some(([field]) => field.endsWith('$**'));
  const leavesOut =
    index['sparse'] === true || index['partialFilterExpression'] !== undefined || hasWildcard;
  return key[0]?.[0] === 'deliveryTime' && isPlain && !leavesOut && index['hidden'] !== true;
}

/** An array in one `deliveryTime` is enough to make the server sort by itself: all of it, every page. */
async function givesOrder(sms: Collection, index: string, patience: Limit): Promise<boolean> {
  try {
    const filter = { deliveryTime: { $gte: firstDate, $lte: lastDate } };
    const inOrder = { hint: index, sort: { deliveryTime: 1 } } as const;
    const plan = await withDeadline(patience, () =>
      sms.find(filter, inOrder).explain('queryPlanner'),
    );
    const winner: unknown = (plan['queryPlanner'] as Document | undefined)?.['winningPlan'];
    return !JSON.stringify(winner).includes('"stage":"SORT"');
  } catch (error) {
    if (isIndexGone(error)) return false;
    throw error;
  }
}

/** What a JavaScript `Date` can hold; BSON's dates reach further, and count as no time. */
export const firstDate = new Date(-8.64e15);
export const lastDate = new Date(8.64e15);

/** An expression that is true for a time that a `Date` can hold. */
export function isDate(field: string): Document {
  return {
    $and: [
      { $eq: [{ $type: field }, 'date'] },
      { $gte: [field, firstDate] },
      { $lte: [field, lastDate] },
    ],
  };
}

/**
 * What has no time in a field that a `Date` can hold. Four ranges of an index on it, each exact: a negation, or the
 * type `array`, would go through all of the index, and one query for all would remember every document.
 */
export function noDates(field: string): readonly Document[] {
  return [
    { [field]: null },
    { [field]: { $type: [...otherTypes] } },
    { [field]: { $lt: firstDate } },
    { [field]: { $gt: lastDate } },
  ];
}

const otherTypes = [
  ...['minKey', 'undefined', 'number', 'symbol', 'string', 'object', 'binData', 'objectId'],
  ...['bool', 'timestamp', 'regex', 'dbPointer', 'javascript', 'javascriptWithScope', 'maxKey'],
];

/**
 * An expression that is true for documents that have a status and a time not before `earliest`. A time that is text, or
 * missing, only its reader can place, so those belong too. Expressions, since a query operator would look into arrays as
 * well.
 */
export function mayBelong(earliest: Date): Document {
  const isRecent = (field: string): Document => ({ $gte: [field, earliest] });
  const placedBySending = {
    $or: [
      { $eq: [{ $type: '$deliveryTime' }, 'string'] },
      { $not: isDate('$sendTime') },
      isRecent('$sendTime'),
    ],
  };
  return {
    $and: [
      { $gt: ['$deliveryStatus', null] },
      { $cond: [isDate('$deliveryTime'), isRecent('$deliveryTime'), placedBySending] },
    ],
  };
}
