import type { Collection } from 'mongodb';
import { delay } from '../../src/runtime/abort.ts';
import { newSms, type SmsDocument } from '../harness/smsPlatform.ts';
import { nowUs } from './clock.ts';
import { FIRST_ACCOUNT, FIRST_FLOW } from './places.ts';

const STATUS = 'DELIVERED';
const PER_INSERT = 1_000;
const PER_UPDATE = 500;
/** Statuses of one moment are written in one go: fewer round trips for the same load. */
const TICK_US = 5_000;

/** These accounts in turn, as many as wanted. */
export function inTurn<T>(accounts: readonly T[], count: number): readonly T[] {
  return Array.from({ length: count }, (_, n) => accounts[n % accounts.length] as T);
}

/** Puts an SMS without a status in place for each of these accounts, counted from `FIRST_ACCOUNT`; their ids. */
export async function seed(
  sms: Collection<SmsDocument>,
  accounts: readonly number[],
): Promise<readonly string[]> {
  const ids: string[] = [];
  while (ids.length < accounts.length) {
    const documents = accounts
      .slice(ids.length, ids.length + PER_INSERT)
      .map((account) =>
        newSms({ accountID: FIRST_ACCOUNT + account, flowId: FIRST_FLOW + account }),
      );
    await sms.insertMany(documents);
    ids.push(...documents.map(({ _id }) => _id));
  }
  return ids;
}

/** By notification id, when its status was sent off to MongoDB, as `nowUs` counts. */
export type WrittenAt = ReadonlyMap<string, number>;

function notificationId(id: string): string {
  return `${id}:${STATUS}`;
}

/** Sets the status of all as fast as MongoDB takes it. */
export async function writeAtOnce(
  sms: Collection<SmsDocument>,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<WrittenAt> {
  const writtenAt = new Map<string, number>();
  for (let from = 0; from < ids.length && !signal.aborted; from += PER_UPDATE) {
    const chunk = ids.slice(from, from + PER_UPDATE);
    const atUs = nowUs();
    for (const id of chunk) writtenAt.set(notificationId(id), atUs);
    await setStatuses(sms, chunk);
  }
  return writtenAt;
}

async function setStatuses(sms: Collection<SmsDocument>, ids: readonly string[]): Promise<void> {
  const $set = { deliveryStatus: STATUS, deliveryTime: new Date() };
  await sms.bulkWrite(
    ids.map((_id) => ({ updateOne: { filter: { _id }, update: { $set } } })),
    { ordered: false },
  );
}

export interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
  /** Whose statuses follow one another, over and over; null for one that is left out. */
  readonly turns: readonly (number | null)[];
}

/** The status of one SMS of an account. */
export interface Due {
  readonly account: number;
  /** Since the beginning. */
  readonly atUs: number;
}

/** What is left out changes no other's moment. */
export function scheduleOf({ perSecond, seconds, turns }: Pace): readonly Due[] {
  return inTurn(turns, Math.ceil(perSecond * seconds)).flatMap((account, turn) => {
    const atUs = Math.floor((turn * 1_000_000) / perSecond / TICK_US) * TICK_US;
    return account === null ? [] : [{ account, atUs }];
  });
}

/** A schedule of `count` statuses as independent senders would write them. It is the same in every run. */
export function randomSchedule(count: number, seconds: number): readonly Due[] {
  const random = seededRandom();
  const moments = Float64Array.from({ length: count }, () => random() * seconds * 1_000_000);
  return Array.from(moments.sort(), (atUs) => ({ account: 0, atUs }));
}

/** Mulberry32. */
function seededRandom(): () => number {
  let state = 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Written {
  readonly notificationId: string;
  readonly account: number;
  /** As `nowUs` counts, like the next. */
  readonly dueUs: number;
  /** When it was sent off to MongoDB: later where the writing itself was held up. */
  readonly sentUs: number;
}

/**
 * Sets the status of `ids[n]` when `schedule[n]` is due, whether those before are acknowledged or not, until
 * all are or the signal is aborted.
 */
export async function writeOnSchedule(
  sms: Collection<SmsDocument>,
  schedule: readonly Due[],
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly Written[]> {
  const startUs = nowUs();
  const written: Written[] = [];
  const writes: Promise<void>[] = [];
  try {
    for (let next = schedule[0]; next !== undefined; next = schedule[written.length]) {
      await delay(Math.max(0, (startUs + next.atUs - nowUs()) / 1_000), signal);
      const sentUs = nowUs();
      const from = written.length;
      for (let due = schedule[from]; due !== undefined; due = schedule[written.length]) {
        const dueUs = startUs + due.atUs;
        if (dueUs > sentUs) break;
        const id = ids[written.length] ?? '';
        written.push({ notificationId: notificationId(id), account: due.account, dueUs, sentUs });
      }
      const chunk = ids.slice(from, written.length);
      if (chunk.length > 0) writes.push(setStatuses(sms, chunk));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all(writes);
  }
  return written;
}
