import { DateTime, FixedOffsetZone, IANAZone, type Zone } from 'luxon';
import type { TimeZone } from '../domain/sms.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** The last moment a `Date` can hold. */
const maxDateMs = 8.64e15;
/** Hours whose offset is remembered: many more than the SMS of a day fall into. */
const maxKnownHours = 1000;

const year = /(?:\d{4}|[+-]\d{6})/.source;
const fraction = /(?:[.,]\d{1,30})?/.source;
const offset = /(?:Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?/.source;
const extendedForm = `${year}-\\d\\d-\\d\\d(?:T\\d\\d(?::\\d\\d(?::\\d\\d${fraction})?)?${offset})?`;
const basicForm = `${year}\\d{4}T\\d\\d(?:\\d\\d(?:\\d\\d${fraction})?)?${offset}`;
/**
 * A calendar date, alone or with a time. Narrower than the library's own reading, which takes `12:00`,
 * `2023` and phone numbers for times as well. In the basic form, which has no separators, it is the
 * time that tells a date from a number.
 */
const isoText = new RegExp(`^(?:${extendedForm}|${basicForm})$`, 'i');

/** @param name an IANA name or a fixed offset such as `+05:30`; throws for anything else */
export function createTimeZone(name: string): TimeZone {
  const zone = findZone(name);
  const offsetMinutes = rememberOffsets(zone);
  return {
    format(date) {
      const at = date.getTime();
      const minutes = offsetMinutes(at);
      const local = at + minutes * minuteMs;
      // Within a day of the ends of time no Date can hold the local time: written in UTC there.
      return Math.abs(local) <= maxDateMs ? withOffset(local, minutes) : withOffset(at, 0);
    },
    parse(text) {
      if (!isoText.test(text)) return null;
      const at = Math.round(DateTime.fromISO(text, { zone, setZone: true }).toMillis());
      return Math.abs(at) <= maxDateMs ? new Date(at) : null;
    },
  };
}

/** Not by the library's own names: those take in `local` and `system`, so the host's zone. */
function findZone(name: string): Zone {
  const fixed = /^([+-])(\d\d):([0-5]\d)$/.exec(name);
  if (fixed !== null) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3]);
    // The widest that Java's ZoneOffset takes, and so perhaps the receiver.
    if (minutes <= 18 * 60) return FixedOffsetZone.instance(fixed[1] === '-' ? -minutes : minutes);
  } else if (/^[A-Za-z]/.test(name) && IANAZone.isValidZone(name)) {
    return IANAZone.create(name);
  }
  throw new RangeError(
    `'${name}' is no time zone: expected an IANA name such as Asia/Kolkata, or an offset such as +05:30`,
  );
}

/**
 * Asking Intl for an offset takes longer than everything else about writing a date. A clock that is at
 * the same offset in the first and the last second of an hour was so throughout; an hour in which it
 * changed is asked about every time. (Not per quarter hour: St. John's used to change at 00:01.)
 *
 * Whole minutes, since no ISO 8601 offset has seconds: a historic `+05:53:28` is written as `+05:53`,
 * with the local time that goes with it.
 */
function rememberOffsets(zone: Zone): (at: number) => number {
  const known = new Map<number, number>();
  return (at) => {
    const hour = Math.floor(at / hourMs);
    const remembered = known.get(hour);
    if (remembered !== undefined) return remembered;
    const first = Math.round(zone.offset(hour * hourMs));
    const last = Math.round(zone.offset(hour * hourMs + hourMs - 1));
    if (first !== last) return Math.round(zone.offset(at));
    if (known.size >= maxKnownHours) known.clear();
    known.set(hour, first);
    return first;
  };
}

function withOffset(localMs: number, offsetMinutes: number): string {
  const minutes = Math.abs(offsetMinutes);
  const hh = String(Math.trunc(minutes / 60)).padStart(2, '0');
  const mm = String(minutes % 60).padStart(2, '0');
  const sign = offsetMinutes < 0 ? '-' : '+';
  return `${new Date(localMs).toISOString().slice(0, -1)}${sign}${hh}:${mm}`;
}
