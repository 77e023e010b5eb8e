import type { ListedNotification } from '../mongo/listedRows.ts';
import {
  listNotifications,
  NoListIndex,
  type ListQuery,
  type NotificationPage,
} from '../mongo/notificationList.ts';
import { Refused, type Session } from './session.ts';
import { several, type Times } from './words.ts';

export { listedStates } from '../mongo/listedRows.ts';

export type { ListedNotification };
export type Place = NonNullable<ListQuery['after']>;
export type ListedState = NonNullable<ListedNotification['state']>;

interface Listed extends Pick<NotificationPage, 'notifications' | 'odd' | 'next'> {
  /** What is to be known of what is not shown. */
  readonly notes: readonly string[];
}

/** The newest first. Throws `Refused` while the indexes that it goes by are missing. */
export async function readNotifications(
  { config, mongo }: Session,
  query: ListQuery,
  limit: number,
): Promise<Listed> {
  const { state } = await mongo();
  const found = await listNotifications(state, query, limit).catch(asRefusal);
  const { notifications, odd, next } = found;
  return { notifications, odd, next, notes: notesOf(found, query, config.notify.rememberMs) };
}

function asRefusal(error: unknown): never {
  if (!(error instanceof NoListIndex)) throw error;
  throw new Refused(
    'The indexes for "list" are missing or still being built: the running worker creates them, and so does "check". For data from an earlier version this may take MongoDB some minutes.',
    { cause: error },
  );
}

function notesOf(
  { notifications, hasUnattributed }: NotificationPage,
  { since }: ListQuery,
  rememberMs: number,
): readonly string[] {
  const isBeyond = since !== null && since.getTime() < Date.now() - rememberMs;
  return [
    ...(isBeyond || notifications.length === 0
      ? [
          'Ended notifications are remembered for REMEMBER; the SMS document shows them for as long as it exists: use "explain" or "find".',
        ]
      : []),
    ...(hasUnattributed
      ? [
          'Notifications ended by an earlier version do not name their account: only those sent to one of these webhooks are listed. Without --account and --webhook, all are listed.',
        ]
      : []),
  ];
}

/** Why a notification is in its state, as far as its row shows. */
export function whyOf(row: ListedNotification, times: Times): string {
  switch (row.state) {
    case 'delivered':
      return `${lastOf(row) ?? 'answered'}${row.attempts === 1 ? '' : `, ${callsOf(row)}`}`;
    case 'failed':
      return [row.reason ?? 'no reason given', callsOf(row), lastOf(row)]
        .filter((part) => part !== null)
        .join(', ');
    case 'skipped':
      return row.reason ?? 'no reason given';
    case 'blocked':
      return `${blockageOf(row, times)}${attemptsSoFar(row)}`;
    case 'waiting':
      return `${dueOf(row, times)}${attemptsSoFar(row)}`;
    case null:
      return '?';
    default:
      return row.state satisfies never;
  }
}

function dueOf(row: ListedNotification, times: Times): string {
  if (row.isClaimed) return 'a worker is calling, or about to';
  const next = row.nextAttemptAt === null ? '?' : times.moment(row.nextAttemptAt);
  return row.isUndecided ? `its route is looked up ${next}` : `due ${next}`;
}

function blockageOf({ blocked }: ListedNotification, times: Times): string {
  if (blocked === null) return 'blocked';
  const since = blocked.since === null ? '' : ` since ${times.at(blocked.since)}`;
  if (blocked.kind === 'breaker_open') {
    const { nextProbeAt } = blocked;
    const probe = nextProbeAt === null ? '' : `, next probe ${times.moment(nextProbeAt)}`;
    return `its endpoint's breaker is open${since}${probe}`;
  }
  return `its endpoint is disabled (${blocked.reason ?? 'no reason given'})${since}`;
}

function attemptsSoFar(row: ListedNotification): string {
  if (row.attempts === null || row.attempts === 0) return '; no attempt yet';
  const last = lastOf(row);
  return `; ${several(row.attempts, 'attempt')}${last === null ? '' : `, ${last}`}`;
}

function callsOf({ attempts }: ListedNotification): string | null {
  if (attempts === null) return null;
  return attempts === 0 ? 'no call' : several(attempts, 'attempt');
}

function lastOf({ statusCode, error }: ListedNotification): string | null {
  if (statusCode === null) return error;
  return error === null ? `answered ${statusCode}` : `answered ${statusCode}, ${error}`;
}
