import { readNotificationId } from '../domain/ids.ts';
import type { ListedNotification } from '../mongo/listedRows.ts';
import {
  listNotifications,
  NoListIndex,
  type ListQuery,
  type NotificationPage,
} from '../mongo/notificationList.ts';
import { Refused, type Session } from './session.ts';
import { count, several, type Times } from './words.ts';

export { listedStates } from '../mongo/listedRows.ts';

export type { ListedNotification };
export type Place = NonNullable<ListQuery['after']>;
export type ListedState = NonNullable<ListedNotification['state']>;

interface Listed extends Pick<NotificationPage, 'notifications' | 'odd' | 'next'> {
  /** What is to be known of what is not shown. */
  readonly notes: readonly string[];
}

async function readNotifications(
  { config, mongo }: Session,
  query: ListQuery,
  limit: number,
): Promise<Listed> {
  const { state } = await mongo();
  const found = await listNotifications(state, query, limit).catch(asRefusal);
  const { notifications, odd, next } = found;
  return { notifications, odd, next, notes: notesOf(found, query, config.notify.rememberMs) };
}

/** What is left out does not matter. */
export interface NotificationQuery extends Partial<ListQuery> {
  /** No index has it, so it is looked for among the others, up to so many at once. */
  readonly deliveryStatus?: string | null;
}

/** Read at once, and how often, to find those of one status. */
const LOOKED_THROUGH = { rows: 500, times: 10 } as const;

/**
 * The newest first. Throws `Refused` while the indexes that it goes by are missing. With a delivery status, a page may
 * have few or none and yet a `next`.
 */
export async function notificationsOf(
  session: Session,
  { deliveryStatus = null, ...asked }: NotificationQuery,
  limit: number,
): Promise<Listed> {
  const all = { accountId: null, webhookId: null, states: null, since: null, until: null };
  const query: ListQuery = { ...all, after: null, ...asked };
  if (deliveryStatus === null) return await readNotifications(session, query, limit);
  const notifications: ListedNotification[] = [];
  let { after } = query;
  for (let times = 1; ; times += 1) {
    const page = await readNotifications(session, { ...query, after }, LOOKED_THROUGH.rows);
    const found = page.notifications.filter((row) => statusOf(row) === deliveryStatus);
    notifications.push(...found.slice(0, limit - notifications.length));
    const last = notifications.at(-1);
    if (notifications.length === limit && last !== undefined) {
      return { notifications, odd: [], next: placeOf(last), notes: page.notes };
    }
    after = page.next;
    if (after === null) return { notifications, odd: [], next: null, notes: page.notes };
    if (times === LOOKED_THROUGH.times) {
      const looked = count(LOOKED_THROUGH.rows * LOOKED_THROUGH.times);
      const note = `Looked through ${looked} notifications for this status; the next page goes on from there.`;
      return { notifications, odd: [], next: after, notes: [...page.notes, note] };
    }
  }
}

function statusOf({ notificationId }: ListedNotification): string {
  return readNotificationId(notificationId).deliveryStatus;
}

/** Null for one that has no place in the list. */
function placeOf({ statusAt: at, notificationId: id }: ListedNotification): Place | null {
  return at === null ? null : { at, id };
}

const form = /^(?<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\/(?<id>.+)$/;

/** A place in a list, to be given back for the next page: safe in a shell, as both its parts are. */
export function placeText({ at, id }: Place): string {
  return `${at.toISOString()}/${id}`;
}

/** Null for what `placeText` has not written. */
export function parsePlace(text: string): Place | null {
  const groups = form.exec(text)?.groups;
  const at = new Date(groups?.['at'] ?? '');
  if (groups === undefined || Number.isNaN(at.getTime())) return null;
  return { at, id: groups['id'] ?? '' };
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
