import type { Collection } from 'mongodb';
import { delay } from '../../src/runtime/abort.ts';
import type { SmsDocument } from '../harness/smsPlatform.ts';
import { nowUs } from './clock.ts';
import { notificationId, setStatuses } from './load.ts';

/** Statuses of one moment are written in one go: fewer round trips for the same load. */
const TICK_US = 5_000;

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
  const schedule: Due[] = [];
  for (let turn = 0; turn < perSecond * seconds; turn += 1) {
    const account = turns[turn % turns.length] ?? null;
    const atUs = Math.floor((turn * 1_000_000) / perSecond / TICK_US) * TICK_US;
    if (account !== null) schedule.push({ account, atUs });
  }
  return schedule;
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
