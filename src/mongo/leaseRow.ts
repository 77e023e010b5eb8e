import type { Document, Filter } from 'mongodb';
import type { CheckpointRow } from './stateCollections.ts';

/** A count that a worker can still go on from. */
export function isEpoch(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

const asEpoch = { $convert: { input: '$epoch', to: 'long', onError: -1, onNull: -1 } };
const isCount = {
  $and: [{ $gte: [asEpoch, 0] }, { $lt: [asEpoch, Number.MAX_SAFE_INTEGER - 1] }],
};
/** As in `isEpoch`; whole decimals count, too. */
const isReadableEpoch = { $and: [{ $isNumber: '$epoch' }, isCount] };

/** The one after the row's; the first where the row's can't be read. */
export const nextEpoch: Document = { $add: [{ $cond: [isReadableEpoch, asEpoch, 0] }, 1] };

const isUntilDate = { $eq: [{ $type: '$until' }, 'date'] };

/** A lease that has run out, or whose end is no time: some values come after all dates. */
export const hasRunOut: Document = {
  $or: [{ $not: isUntilDate }, { $lt: ['$until', '$$NOW'] }],
};

/** What is wrong with a lease's row; no field when nothing is. */
export const leaseProblem: Document = {
  $switch: {
    branches: [
      { case: { $not: isUntilDate }, then: 'until must be a date' },
      { case: { $not: isReadableEpoch }, then: 'epoch must be a count' },
    ],
    default: '$$REMOVE',
  },
};

/** Rows of the checkpoint whose epoch is not one that a worker has written. */
export const hasOddEpoch: readonly Filter<CheckpointRow>[] = [
  { epoch: { $not: { $lte: Number.MAX_SAFE_INTEGER } } },
  { epoch: { $type: 'array' } },
];
