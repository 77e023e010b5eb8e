import type { Document } from 'mongodb';

/** What a JavaScript `Date` can hold; BSON's dates reach further, and count as no time. */
export const firstDate = new Date(-8.64e15);
export const lastDate = new Date(8.64e15);

/**
 * An expression that is true for documents that have a status and a time not before `earliest`. A time
 * that is text, or missing, only its reader can place, so those belong too. Expressions, since a query
 * operator would look into arrays as well.
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
