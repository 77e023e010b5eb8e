import { BSON, MinKey, type Document } from 'mongodb';

/**
 * How far a gap has been searched, and in which way. Each page leads from one state to the next, and the
 * next is durable before it is used, so that a successor goes on in the same way:
 * - null: nothing done yet; the way is to be chosen
 * - `dates`: by an index on `deliveryTime`, what has a time there from `from` on, but for `passed`
 * - `others`: what has none there is to be listed, through the same index
 * - `listed`: these are left
 * - `scan`: by `_id`, from `from` on; `skipDates` when `dates` came before
 */
export type Progress =
  | Readonly<{ kind: 'dates'; index: string; from: Date; passed: readonly unknown[] }>
  | Readonly<{ kind: 'others'; index: string }>
  | Readonly<{ kind: 'listed'; ids: readonly unknown[] }>
  | Readonly<{ kind: 'scan'; from: unknown; skipDates: boolean }>
  | Readonly<{ kind: 'done' }>;

export interface GapStep {
  readonly documents: readonly Document[];
  readonly next: Progress;
}

/** Documents read at once; the next page waits until all of these are settled. */
export const PAGE_SIZE = 500;

/** Ids that a gap's row may hold. One by itself may have 8 MB. */
const IDS_AT_MOST = 5_000;
const BYTES_AT_MOST = 6 * 1024 * 1024;

/** Whether a gap's row can't hold these ids, among them those that the driver can't write. */
export function areTooMany(ids: readonly unknown[]): boolean {
  if (ids.length > IDS_AT_MOST) return true;
  try {
    return BSON.calculateObjectSize({ ids }) > BYTES_AT_MOST;
  } catch {
    return true;
  }
}

/** From the beginning: what was told before is found to have been. */
export const scanAll: Progress = { kind: 'scan', from: new MinKey(), skipDates: false };

/** After a search by time. */
export const scanOthers: Progress = { ...scanAll, skipDates: true };
