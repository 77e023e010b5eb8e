import { z } from 'zod';

/**
 * Reads the text of one setting. `refuse` takes the problem, worded to follow the value (`is not a
 * number`) and without the value itself, which may be a secret. Use it as `return refuse(…)`.
 */
type Parse<Value> = (text: string, refuse: (wrong: string) => never) => Value;

/**
 * `expected` describes valid values, worded to follow "write". `format` reverses `parse`, except for secrets, which
 * are never shown. `String` joins lists with commas.
 */
export function parser<Value>(
  expected: string,
  parse: Parse<Value>,
  format: (value: Value) => string = String,
) {
  const directions = {
    decode: (text: string, { issues }: z.core.ParsePayload<string>): Value =>
      parse(text, (message) => {
        issues.push({ code: 'custom', message, input: text });
        return z.NEVER;
      }),
    encode: format,
  };
  return z.codec(z.string(), z.custom<Value>(), directions).describe(expected);
}

/** Turns a platform function that throws into a yes or no. */
export function succeeds(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

export function integer({ min, max }: Readonly<{ min: number; max: number }>) {
  return parser(`a whole number from ${min} to ${max}`, (text, refuse) => {
    if (!/^(?:0|[1-9]\d*)$/.test(text)) return refuse('is not a whole number');
    const value = Number(text);
    return value < min || value > max ? refuse('is out of range') : value;
  });
}

/** Above 0, up to 1. */
export const fraction = parser('a number above 0 and up to 1, such as 0.7', (text, refuse) => {
  if (!/^[01](?:\.\d{1,9})?$/.test(text)) return refuse('is not a number from 0 to 1');
  const value = Number(text);
  return value > 0 && value <= 1 ? value : refuse('is out of range');
});

/** Null for an empty text. */
export function optional<Value>(of: z.ZodType<Value, string>) {
  const expected = `${of.description ?? 'a value'}, or nothing`;
  return parser(
    expected,
    (text, refuse): Value | null => {
      if (text === '') return null;
      const parsed = of.safeParse(text);
      if (parsed.success) return parsed.data;
      return refuse(parsed.error.issues.map(({ message }) => message).join(', and '));
    },
    (value) => (value === null ? '' : of.encode(value)),
  );
}

export const boolean = parser('true or false', (text, refuse) => {
  if (text === 'true') return true;
  return text === 'false' ? false : refuse('is neither true nor false');
});

export function oneOf<const Choice extends string>(choices: readonly Choice[]) {
  return parser(`one of ${choices.join(', ')}`, (text, refuse) => {
    return choices.find((choice) => choice === text) ?? refuse('is not one of the choices');
  });
}

/** The trimmed entries without duplicates; none for an empty text. */
export function splitList(text: string): readonly string[] {
  return text === '' ? [] : [...new Set(text.split(',').map((entry) => entry.trim()))];
}

export const list = parser(
  'values separated by commas, or nothing for an empty list',
  (text, refuse): readonly string[] => {
    const entries = splitList(text);
    return entries.includes('') ? refuse('has an empty entry') : entries;
  },
);

/** A port to listen on, 0 for any free port, null for `off`. */
export const portOrOff = parser(
  'a port from 0 to 65535 (0: any free port), or off',
  (text, refuse) => {
    if (text === 'off') return null;
    const isPort = /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
    return isPort ? Number(text) : refuse('is not a port');
  },
  (port) => (port === null ? 'off' : String(port)),
);

/** A port to listen on, 0 for any free port. */
export const port = integer({ min: 0, max: 65_535 });

/** Null for `auto`. */
export const threadsOrAuto = parser(
  'auto, or a whole number from 0 to 64',
  (text, refuse) => {
    if (text === 'auto') return null;
    const isNumber = /^(?:0|[1-9]\d?)$/.test(text) && Number(text) <= 64;
    return isNumber ? Number(text) : refuse('is neither auto nor a number of threads');
  },
  (threads) => threads?.toString() ?? 'auto',
);

export const listenAddress = parser(
  'an IP address or a host name, such as 0.0.0.0 or ::1',
  (text, refuse) => (/^[\w.:%-]+$/.test(text) ? text : refuse('is not an address')),
);

/** Null for `now`. */
export const startTime = parser(
  'now, or an ISO 8601 time with an offset, such as 2024-05-01T12:00:00Z',
  (text, refuse) => {
    if (text === 'now') return null;
    const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/.test(
      text,
    );
    const time = new Date(text);
    return isWhole && !Number.isNaN(time.getTime())
      ? time
      : refuse('is neither now nor a valid time with an offset');
  },
  (time) => time?.toISOString() ?? 'now',
);

/** A free-form name that appears in documents and logs; null for an empty text. */
export const freeText = parser(
  'up to 200 printable ASCII characters',
  (text, refuse) => {
    if (text === '') return null;
    return /^[\x20-\x7e]{1,200}$/.test(text) ? text : refuse('is too long or not printable ASCII');
  },
  (text) => text ?? '',
);

/** A file that has not been read yet. */
export interface FilePath {
  readonly path: string;
}

export const file = parser(
  'the path of a readable file',
  (path): FilePath => ({ path }),
  ({ path }) => path,
);

export const timeZone = parser(
  'an IANA name such as Asia/Kolkata, or an offset such as +05:30',
  (text, refuse) => {
    const offset = /^[+-](?<hours>\d\d):(?<minutes>[0-5]\d)$/.exec(text)?.groups;
    if (offset !== undefined) {
      const minutes = Number(offset['hours']) * 60 + Number(offset['minutes']);
      return minutes <= 14 * 60 ? text : refuse('is further from UTC than any time zone');
    }
    // Newer versions of Intl accept offsets too, in notations that the payload formatter does not know.
    if (!/^[A-Za-z]/.test(text)) return refuse('is not a time zone');
    const isKnown = succeeds(() => Intl.DateTimeFormat('en', { timeZone: text }));
    return isKnown ? text : refuse('is not a known time zone');
  },
);
