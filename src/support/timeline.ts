import { readNotificationId } from '../domain/ids.ts';
import { readEarlier, readRecord, type CallFacts, type RecordFacts } from './recordFacts.ts';
import type { SmsFacts, WaitingFacts } from './smsFacts.ts';

/** What was, is or will be done about one status of an SMS. */
export interface TimelineEntry {
  readonly deliveryStatus: string | null;
  /** Null where it is not known when. */
  readonly at: Date | null;
  readonly kind:
    | 'delivered'
    | 'failed'
    /** A crash has cut the call off. */
    | 'cut off'
    | 'running'
    /** Nothing was called. */
    | 'no call'
    | 'due'
    /** Its row is not as the worker writes it. */
    | 'unreadable';
  /** Of the call, counted from 1 for each status; null where there is none. */
  readonly number: number | null;
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly durationMs: number | null;
  /** A reason, or what is wrong with a row. */
  readonly note: string | null;
}

/**
 * All that is known of the calls for an SMS, in the order of time: of its record the last eleven, of older statuses the
 * last one, and what waits.
 */
export function timelineOf(facts: SmsFacts): readonly TimelineEntry[] {
  const shown = facts.record === null ? [] : [readRecord(facts.record)];
  const recorded = [...readEarlier(facts.record), ...shown];
  const known = new Set(recorded.map(({ deliveryStatus }) => deliveryStatus));
  const remembered = facts.ended
    .map(readEnded)
    .filter(({ deliveryStatus }) => !known.has(deliveryStatus));
  const entries = [
    ...[...remembered, ...recorded].flatMap(entriesOf),
    ...facts.parked.flatMap((row) => entriesOfRow(row, callsRecorded(row, facts))),
  ];
  const timeOf = ({ at }: TimelineEntry): number => at?.getTime() ?? 0;
  return entries.toSorted((one, other) => timeOf(one) - timeOf(other));
}

function readEnded(end: SmsFacts['ended'][number]): RecordFacts {
  const recorded = readRecord(end.record);
  return {
    ...recorded,
    state: recorded.state ?? end.state,
    reason: recorded.reason ?? end.reason,
    deliveryStatus: recorded.deliveryStatus ?? statusIn(end.notificationId),
    statusAt: recorded.statusAt ?? end.endedAt,
  };
}

function statusIn(notificationId: string): string {
  return readNotificationId(notificationId).deliveryStatus;
}

function entriesOf(record: RecordFacts): readonly TimelineEntry[] {
  const { deliveryStatus, attempts, history, reason, state, statusAt } = record;
  if (attempts === 0) {
    // It waits: its row says more.
    if (state === 'retrying') return [];
    const note = reason ?? state;
    return [{ ...nothing, deliveryStatus, at: statusAt, kind: 'no call', note }];
  }
  const first = attempts - history.length;
  const calls = [...history, record].map((call, index) => toEntry(call, first + index));
  return calls.map((call) => ({ ...call, deliveryStatus }));
}

const nothing = { number: null, statusCode: null, error: null, durationMs: null, note: null };

function toEntry(call: CallFacts, number: number): TimelineEntry {
  const { at, statusCode, error, durationMs } = call;
  const isAnswered = statusCode !== null;
  const isDelivered = isAnswered && statusCode >= 200 && statusCode <= 299;
  const kind = isDelivered ? 'delivered' : isAnswered || error !== null ? 'failed' : 'cut off';
  return { ...nothing, deliveryStatus: null, at, kind, number, statusCode, error, durationMs };
}

/** How many calls of a row's present run the record shows. */
function callsRecorded({ notificationId }: WaitingFacts, { record }: SmsFacts): number {
  const isOfRun = record?.['notificationId'] === notificationId && record['state'] === 'retrying';
  return isOfRun ? readRecord(record).attempts : 0;
}

function entriesOfRow(row: WaitingFacts, recorded: number): readonly TimelineEntry[] {
  const { attempts, runningSince, isClaimed, nextAttemptAt, unreadable } = row;
  const deliveryStatus = row.deliveryStatus ?? statusIn(row.notificationId);
  if (unreadable !== undefined) {
    return [{ ...nothing, deliveryStatus, at: null, kind: 'unreadable', note: unreadable }];
  }
  const ended = runningSince === null ? attempts : attempts - 1;
  const entries: TimelineEntry[] = [];
  if (ended > recorded && row.lastAttemptAt !== null) {
    const last = {
      at: row.lastAttemptAt,
      statusCode: row.lastStatusCode,
      error: row.lastError,
      durationMs: row.lastDurationMs,
    };
    entries.push({ ...toEntry(last, ended), deliveryStatus });
  }
  if (runningSince !== null) {
    const kind = isClaimed ? 'running' : 'cut off';
    entries.push({ ...nothing, deliveryStatus, at: runningSince, kind, number: attempts });
  }
  if (!isClaimed && nextAttemptAt !== null) {
    const number = attempts + 1;
    entries.push({ ...nothing, deliveryStatus, at: nextAttemptAt, kind: 'due', number });
  }
  return entries;
}
