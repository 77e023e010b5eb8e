import type { Collection, Document, Filter } from 'mongodb';
import type { IntegerId } from '../domain/ids.ts';
import type { DisabledEndpoint, OpenBreaker } from './blockedEndpoints.ts';
import { findAll, limits } from './calls.ts';
import type { ShownRow } from './storedRow.ts';
import { firstDate, lastDate } from './timeIndex.ts';

export const endedStates = ['delivered', 'failed', 'skipped'] as const;
export type EndedState = (typeof endedStates)[number];
export const waitingStates = ['waiting', 'blocked'] as const;
export type WaitingState = (typeof waitingStates)[number];
export const listedStates = [...endedStates, ...waitingStates] as const;
export type ListedState = (typeof listedStates)[number];

/** Whose notifications; of all accounts when neither is given. */
export interface Whose {
  readonly accountId: IntegerId | null;
  /** As an operator writes it. */
  readonly webhookId: string | null;
}

/** A place in a list: what comes after a row, which the list may have lost meanwhile. */
export interface Place {
  readonly at: Date;
  readonly id: string;
}

/** What of a collection is wanted, in the order of its `statusAt`. */
export interface Question<Row> {
  /** Points of the fields that come before `statusAt` in the index, so that the server need not sort. */
  readonly filter: Filter<Row>;
  readonly index: Readonly<Record<string, number>>;
  readonly projection: Document;
  readonly since: Date | null;
  /** Not itself a part of it. */
  readonly until: Date | null;
  readonly after: Place | null;
}

/**
 * The newest rows, and of those of one time the one with the greatest id first, so that the list can be continued
 * after any of them. By the index alone, in its order: it reads what it brings and, of the time at which it stops,
 * all rows.
 */
export async function newestFirst<Row extends Document>(
  rows: Collection<Row>,
  { filter, index, projection, since, until, after }: Question<Row>,
  size: number,
): Promise<readonly Document[]> {
  const read = async (
    more: Document,
    sort: Readonly<Record<string, 1 | -1>>,
    limit: number,
  ): Promise<readonly Document[]> => {
    const options = { hint: index, projection, sort, limit };
    return await findAll(limits.page, rows, { ...filter, ...more }, options);
  };
  const ofTime = async (at: Date, limit: number, before?: string): Promise<readonly Document[]> => {
    const earlier = before === undefined ? {} : { _id: { $lt: before } };
    return await read({ statusAt: at, ...earlier }, { _id: -1 }, limit);
  };
  const ties = after === null ? [] : await ofTime(after.at, size, after.id);
  if (ties.length === size) return ties;
  const before = [until, after?.at ?? null].filter((time) => time !== null);
  const first = before.length === 0 ? { $lte: lastDate } : { $lt: earliestOf(before) };
  const statusAt = { $gte: since ?? firstDate, ...first };
  const others = await read({ statusAt }, { statusAt: -1 }, size - ties.length);
  const oldest = others.at(-1);
  if (oldest === undefined || others.length < size - ties.length) {
    return [...ties, ...others.toSorted(byPlace)];
  }
  const last = timeOf(oldest);
  const whole = others.filter((row) => timeOf(row) !== last);
  const end = await ofTime(new Date(last), others.length - whole.length);
  return [...ties, ...whole.toSorted(byPlace), ...end];
}

/** Negative for what comes first. */
export function byPlace(one: Document, other: Document): number {
  const distance = timeOf(other) - timeOf(one);
  if (distance !== 0) return distance;
  return String(one['_id']) > String(other['_id']) ? -1 : 1;
}

/** What the server has brought in this order has a date there. */
function timeOf(row: Document): number {
  return (row['statusAt'] as Date).getTime();
}

function earliestOf(times: readonly Date[]): Date {
  return new Date(Math.min(...times.map(Number)));
}

/** For a projection: some fields of a document in a field; any other value whole, to be reported. */
export function only(field: string, fields: Document): Document {
  return { $cond: [{ $eq: [{ $type: `$${field}` }, 'object'] }, fields, `$${field}`] };
}

/** A notification as a list shows it, whether it has ended or not. What is not known is null. */
export interface ListedNotification extends ShownRow {
  readonly notificationId: string;
  readonly state: ListedState | null;
  /** Why it was skipped or has failed. */
  readonly reason: string | null;
  /** Why it is not called. */
  readonly blocked: OpenBreaker | DisabledEndpoint | null;
  readonly accountId: IntegerId | null;
  readonly webhookId: IntegerId | null;
  readonly url: string | null;
  readonly statusAt: Date | null;
  readonly attempts: number | null;
  /** Of the last attempt. */
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly endedAt: Date | null;
  readonly nextAttemptAt: Date | null;
  /** Being called, or about to be. */
  readonly isClaimed: boolean;
  /** Its route is not known yet. */
  readonly isUndecided: boolean;
}
