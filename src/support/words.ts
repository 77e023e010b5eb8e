import type { DisabledEndpoint, OpenBreaker } from '../mongo/blockedEndpoints.ts';

/** Figures as people read them. */

export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** `3 notifications`, `1 notification`. */
export function several(number: number, what: string): string {
  return `${count(number)} ${what}${number === 1 ? '' : 's'}`;
}

/** Rounded to its two largest units: `2 h 5 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const from = parts.findIndex(([number]) => number > 0);
  if (from === -1) return '0 s';
  return parts
    .slice(from, from + 2)
    .filter(([number]) => number > 0)
    .map(([number, unit]) => `${number} ${unit}`)
    .join(' ');
}

/** Of a call: `12 ms`, `1.2 s`. */
export function callDuration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** How sentences write times. */
export interface Times {
  /** ISO 8601 with the offset; `?` for one that is not known. */
  at(time: Date | null): string;
  /** The same, and how long ago or ahead that is. */
  moment(time: Date, now?: Date): string;
}

/** Where a sentence is read: at a shell it may name commands, on a page the buttons there. */
export type Reader = 'shell' | 'page';

/** For what programs read. */
export const utcTimes: Times = createTimes((time) => time.toISOString());

export function createTimes(format: (time: Date) => string): Times {
  const at = (time: Date | null): string => {
    if (time === null) return '?';
    return Number.isNaN(time.getTime()) ? 'a date out of range' : format(time);
  };
  return {
    at,
    moment(time, now = new Date()) {
      const distance = time.getTime() - now.getTime();
      if (Number.isNaN(distance)) return at(time);
      const words = distance > 0 ? `in ${duration(distance)}` : `${duration(-distance)} ago`;
      return `${at(time)} (${words})`;
    },
  };
}

/** `webhook 5 of account 28, https://customer.example/hook`. */
export function endpointText({
  webhookId,
  accountId,
  url,
}: Pick<OpenBreaker, 'webhookId' | 'accountId' | 'url'>): string {
  const account = accountId === null ? '' : ` of account ${accountId}`;
  return `webhook ${webhookId ?? '?'}${account}, ${url ?? 'no URL'}`;
}

/** Why nothing is called there, since when, until when, and how many wait. */
export function whyBlocked(
  blocked: OpenBreaker | DisabledEndpoint,
  times: Times,
  reader: Reader = 'shell',
): string {
  const text = blockageText(blocked, times);
  const isOpen = blocked.kind === 'breaker_open' || blocked.unreadable !== undefined;
  if (isOpen || reader === 'page') return text;
  return `${text} "endpoints enable ${blocked.webhookId ?? '<webhookId>'}" enables it again.`;
}

/** The same without the command that ends it. */
export function blockageText(blocked: OpenBreaker | DisabledEndpoint, times: Times): string {
  const { since, waiting, unreadable } = blocked;
  if (unreadable !== undefined) return `its row is unreadable: ${unreadable}`;
  const when = since === null ? '' : ` since ${times.moment(since)}`;
  const wait = `${several(waiting, 'notification')} ${waiting === 1 ? 'waits' : 'wait'} there.`;
  if (blocked.kind === 'endpoint_disabled') {
    return `disabled${when}, ${whyDisabled(blocked)}; ${wait}`;
  }
  const { failures, nextProbeAt } = blocked;
  const last = `${several(failures ?? 0, 'failed attempt')}, the last with ${failureText(blocked)}`;
  return `its breaker has been open${when}, ${last}; ${probeText(nextProbeAt, times)}. ${wait}`;
}

export function whyDisabled({ reason }: Pick<DisabledEndpoint, 'reason'>): string {
  return reason === 'endpoint_gone' ? 'its receiver answered 410' : 'as requested';
}

/** What the last failed attempt came to. */
export function failureText({
  lastStatusCode: statusCode,
  lastError: error,
}: Pick<OpenBreaker, 'lastStatusCode' | 'lastError'>): string {
  return answerText({ statusCode, error });
}

/** What an attempt came to: `HTTP 500`, `timeout`. */
export function answerText({
  statusCode,
  error,
}: Readonly<{ statusCode: number | null; error: string | null }>): string {
  const parts = [statusCode === null ? [] : `HTTP ${statusCode}`, error ?? []].flat();
  return parts.length === 0 ? 'no answer' : parts.join(', ');
}

function probeText(nextProbeAt: Date | null, { moment }: Times): string {
  if (nextProbeAt !== null && nextProbeAt > new Date())
    return `the next probe is at ${moment(nextProbeAt)}`;
  return 'the next probe is due now: the notification that has been due longest';
}
