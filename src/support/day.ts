import type { TimeZone } from '../domain/sms.ts';

const DAY_MS = 86_400_000;
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** A day of a calendar, from its first moment to that of the next one. */
export interface Day {
  readonly from: Date;
  readonly to: Date;
}

/**
 * A day as people say it: `2026-01-31`, `today`, `yesterday`, or a weekday, which is the latest one that has begun.
 * Null for anything else. By the zone's calendar, in which a day need not have 24 hours.
 */
export function readDay(text: string, zone: TimeZone, now: Date = new Date()): Day | null {
  const date = dateOf(text.trim().toLowerCase(), zone.format(now).slice(0, 10));
  if (date === null) return null;
  const from = zone.parse(date);
  const to = zone.parse(daysAfter(date, 1));
  return from === null || to === null ? null : { from, to };
}

/** Its date by the zone's calendar. */
export function dateText({ from }: Day, zone: TimeZone): string {
  return zone.format(from).slice(0, 10);
}

function dateOf(text: string, today: string): string | null {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return text;
  if (text === 'today') return today;
  if (text === 'yesterday') return daysAfter(today, -1);
  const weekday = weekdays.indexOf(text);
  if (weekday === -1) return null;
  const since = (new Date(today).getUTCDay() - weekday + 7) % 7;
  return daysAfter(today, -since);
}

function daysAfter(date: string, days: number): string {
  const day = new Date(`${date}T00:00:00Z`);
  return Number.isNaN(day.getTime())
    ? date
    : new Date(day.getTime() + days * DAY_MS).toISOString().slice(0, 10);
}
