import { InvalidArgumentError, type Command } from 'commander';
import { parseIntegerId, type IntegerId } from '../domain/ids.ts';
import type { TimeZone } from '../domain/sms.ts';
import { readDay } from '../support/day.ts';
import {
  listedStates as everyListedState,
  parsePlace,
  type ListedState,
  type Place,
} from '../support/notificationList.ts';
import type { Span } from '../support/replayCandidates.ts';

/** What users write as arguments. Each throws a sentence for what it can't read: the command is misused. */

export function integerId(text: string): IntegerId {
  const id = parseIntegerId(text);
  if (id === null) throw new InvalidArgumentError('It must be a number of decimal digits.');
  return id;
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

const rateForm = /^(?<perSecond>\d{1,6})(?:\/s)?$/;

/** Per second. */
export function rate(text: string): number {
  const perSecond = Number(rateForm.exec(text)?.groups?.['perSecond']);
  if (!(perSecond >= 1)) {
    throw new InvalidArgumentError('It must be a whole number per second, such as 50/s.');
  }
  return perSecond;
}

const endedStates = ['delivered', 'failed', 'skipped'] as const;
export type EndedState = (typeof endedStates)[number];
export const allEndedStates: readonly EndedState[] = endedStates;

export function states(text: string): readonly EndedState[] {
  return text.split(',').map((entry) => {
    const state = endedStates.find((each) => each === entry.trim());
    if (state !== undefined) return state;
    throw new InvalidArgumentError(
      `It must be one or more of ${endedStates.join(', ')}, separated by commas.`,
    );
  });
}

/** `retrying` is what SMS documents say of all that has not ended. */
export function listedStates(text: string): readonly ListedState[] {
  const named = text.split(',').flatMap((entry) => {
    const name = entry.trim();
    return name === 'retrying' ? (['waiting', 'blocked'] as const) : [name];
  });
  return named.map((name) => {
    const state = everyListedState.find((each) => each === name);
    if (state !== undefined) return state;
    throw new InvalidArgumentError(
      `It must be one or more of ${everyListedState.join(', ')}, retrying, separated by commas.`,
    );
  });
}

const PAGE_AT_MOST = 10_000;

/** What is shown at once is held in memory. */
export function pageSize(text: string): number {
  const size = wholeNumber(text);
  if (size > PAGE_AT_MOST) throw new InvalidArgumentError(`It must be at most ${PAGE_AT_MOST}.`);
  return size;
}

/** Collects an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** A time in ISO 8601, or the first moment of a day as people say it; null for anything else. */
export function readTime(text: string, zone: TimeZone, now: Date = new Date()): Date | null {
  return zone.parse(text) ?? readDay(text, zone, now)?.from ?? null;
}

/** The span a command is given, up to now unless it says until when. Ends the command as misused for what can't be read. */
export function spanOf(
  command: Command,
  given: { readonly since: string; readonly until?: string; readonly account?: IntegerId },
  zone: TimeZone,
): Span {
  const read = (option: 'since' | 'until', text: string): Date =>
    zone.parse(text) ??
    command.error(`error: option '--${option}' is not an ISO 8601 time, such as 2026-01-31T10:00`);
  const since = read('since', given.since);
  const until = given.until === undefined ? new Date() : read('until', given.until);
  if (since >= until) command.error("error: '--since' must be before '--until'");
  return { since, until, accountId: given.account ?? null };
}

export function readPlace(text: string): Place {
  const place = parsePlace(text);
  if (place !== null) return place;
  throw new InvalidArgumentError('It must be the value of "next" from another page.');
}
