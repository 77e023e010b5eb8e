import { X509Certificate } from 'node:crypto';
import type { z } from 'zod';
import { parser } from './parser.ts';
import { succeeds } from './succeeds.ts';

export function integer({ min, max }: Readonly<{ min: number; max: number }>) {
  return parser(`a whole number from ${min} to ${max}`, (text, refuse) => {
    if (!/^(?:0|[1-9]\d*)$/.test(text)) return refuse('is not a whole number');
    const value = Number(text);
    return value < min || value > max ? refuse('is out of range') : value;
  });
}

/** Above 0, up to 1. */
export function fraction() {
  return parser('a number above 0 and up to 1, such as 0.7', (text, refuse) => {
    if (!/^[01](?:\.\d{1,9})?$/.test(text)) return refuse('is not such a number');
    const value = Number(text);
    return value > 0 && value <= 1 ? value : refuse('is out of range');
  });
}

/** Null for an empty text. */
export function optional<Value>(of: z.ZodType<Value, string>) {
  const expected = `${of.description ?? 'a value'}, or nothing`;
  return parser(expected, (text, refuse): Value | null => {
    if (text === '') return null;
    const parsed = of.safeParse(text);
    if (parsed.success) return parsed.data;
    return refuse(parsed.error.issues.map(({ message }) => message).join(', and '));
  });
}

export function boolean() {
  return parser('true or false', (text, refuse) => {
    if (text === 'true') return true;
    return text === 'false' ? false : refuse('is neither true nor false');
  });
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]) {
  return parser(`one of ${choices.join(', ')}`, (text, refuse) => {
    return choices.find((choice) => choice === text) ?? refuse('is not one of the choices');
  });
}

/** The entries, trimmed and each once; an empty text has none. */
export function splitList(text: string): readonly string[] {
  return text === '' ? [] : [...new Set(text.split(',').map((entry) => entry.trim()))];
}

export function list() {
  return parser(
    'values separated by commas, or nothing for an empty list',
    (text, refuse): readonly string[] => {
      const entries = splitList(text);
      return entries.includes('') ? refuse('has an empty entry') : entries;
    },
  );
}

/** A port to listen on, 0 for any free one; null for `off`. */
export function portOrOff() {
  return parser('a port from 0 to 65535 (0: any free one), or off', (text, refuse) => {
    if (text === 'off') return null;
    if (!/^(?:0|[1-9]\d{0,4})$/.test(text)) return refuse('is not a port');
    return Number(text) > 65_535 ? refuse('is not a port') : Number(text);
  });
}

export function listenAddress() {
  return parser('an IP address or a host name, such as 0.0.0.0 or ::1', (text, refuse) =>
    /^[\w.:%-]+$/.test(text) ? text : refuse('is not an address'),
  );
}

/** A moment; null for `now`. */
export function startTime() {
  return parser(
    'now, or an ISO 8601 time with an offset, such as 2024-05-01T12:00:00Z',
    (text, refuse) => {
      if (text === 'now') return null;
      const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/.test(
        text,
      );
      const time = new Date(text);
      return isWhole && !Number.isNaN(time.getTime())
        ? time
        : refuse('is neither now nor such a time');
    },
  );
}

/** A name of people's own choice, which ends up in documents and logs. */
export function freeText() {
  return parser('up to 200 printable ASCII characters', (text, refuse) =>
    /^[\x20-\x7e]{0,200}$/.test(text) ? text : refuse('is too long or not printable ASCII'),
  );
}

/** An empty path stands for none. */
export function path() {
  return parser('the path of a file that can be read', (text) => text);
}

export function timeZone() {
  return parser(
    'an IANA name such as Asia/Kolkata, or an offset such as +05:30',
    (text, refuse) => {
      const offset = /^[+-](?<hours>\d\d):(?<minutes>[0-5]\d)$/.exec(text)?.groups;
      if (offset !== undefined) {
        const minutes = Number(offset['hours']) * 60 + Number(offset['minutes']);
        return minutes <= 14 * 60 ? text : refuse('is further from UTC than any time zone');
      }
      // Newer versions of Intl take offsets too, in spellings the payload's clock does not know.
      if (!/^[A-Za-z]/.test(text)) return refuse('is not a time zone');
      const isKnown = succeeds(() => Intl.DateTimeFormat('en', { timeZone: text }));
      return isKnown ? text : refuse('is not a known time zone');
    },
  );
}

export function certificates() {
  return parser('PEM certificates', (text, refuse) =>
    succeeds(() => new X509Certificate(text)) ? text : refuse('holds no certificate in PEM form'),
  );
}
