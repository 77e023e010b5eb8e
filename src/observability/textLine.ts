import type { TimeZone } from '../domain/sms.ts';
import type { LogEvent, LogFields } from '../runtime/logger.ts';
import { eventSentences } from './eventSentences.ts';

export interface TextEntry {
  readonly time: Date;
  /** As it is to be shown, in colour or not. */
  readonly level: string;
  readonly event: LogEvent;
  readonly fields: LogFields;
}

/**
 * A line for people: when, how bad, what has happened, the event by which the documentation knows it, and what is
 * known of it. Only the stack of a bug takes further lines, which are indented: no value of a field can begin a line
 * of its own, or have a terminal obey it.
 */
export function textLine({ time, level, event, fields }: TextEntry, zone: TimeZone): string {
  const entries = Object.entries(fields).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  const thrown = Object.values(fields).filter(Error.isError);
  const withStack = isBug(event, thrown);
  const errors = thrown.map((error) => describeError(error, { withStack }));
  const named = entries.flatMap(([name, value]) =>
    Error.isError(value) ? [] : [` ${name}=${valueText(value, zone)}`],
  );
  const because = errors.map((error) => escape(sentenceOf(error))).join('; ');
  const sentence = [eventSentences[event], ...(because === '' ? [] : [because])].join(': ');
  const stacks = withStack ? errors.flatMap(stacksOf) : [];
  return [
    `${dateAndTime(time, zone)} ${level} ${sentence}. [${event}]${named.join('')}`,
    ...stacks.map((line) => `    ${escape(line)}`),
  ].join('\n');
}

/** `2023-10-19 11:55:20.408 +05:30` */
function dateAndTime(time: Date, zone: TimeZone): string {
  const text = zone.format(time);
  const offsetAt = text.length - '+00:00'.length;
  return `${text.slice(0, offsetAt).replace('T', ' ')} ${text.slice(offsetAt)}`;
}

function valueText(value: unknown, zone: TimeZone): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid' : zone.format(value);
  if (typeof value !== 'string') return escape(JSON.stringify(value) ?? String(value));
  return /^[^\s"=]+$/.test(value) && escape(value) === value
    ? value
    : escape(JSON.stringify(value));
}

function sentenceOf({ name, code, message, cause, errors = [] }: ErrorDescription): string {
  const marks = [
    ...(name === 'Error' ? [] : [name]),
    ...(code === undefined ? [] : [String(code)]),
  ];
  const said = message.replace(/[.\s]+$/, '');
  const unsaid = marks.filter((mark) => !said.includes(mark));
  const own = [said, ...(unsaid.length === 0 ? [] : [`(${unsaid.join(', ')})`])].join(' ').trim();
  const causes = [...(cause === undefined ? [] : [cause]), ...errors].map(sentenceOf);
  const more = causes.filter((each) => each !== '' && !own.includes(each));
  return more.length === 0 ? own : `${own}, because ${more.join('; ')}`;
}

function stacksOf({ stack, cause, errors = [] }: ErrorDescription): readonly string[] {
  const own = stack === undefined ? [] : stack.split('\n');
  const causes = [...(cause === undefined ? [] : [cause]), ...errors];
  return [...own, ...causes.flatMap(stacksOf)];
}

const unsafe = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const everyUnsafe = new RegExp(unsafe, 'gu');

/**
 * What would end a line, move a terminal or turn text around, as JSON writes it: in a text and, without a change of
 * its meaning, in JSON.
 */
export function escape(text: string): string {
  if (!unsafe.test(text)) return text;
  return text.replace(everyUnsafe, (character) => {
    const short = JSON.stringify(character).slice(1, -1);
    if (short !== character) return short;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

export interface ErrorDescription {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: ErrorDescription;
  /** What an AggregateError holds; often it says nothing itself. */
  readonly errors?: readonly ErrorDescription[];
}

const CAUSES_SHOWN = 5;

/**
 * An error as plain values for a log line: its own name, code and message, its stack where that is wanted, and its
 * causes. Other properties are left out on purpose: drivers hang whole commands and documents on their errors.
 */
export function describeError(
  error: Error,
  { withStack }: { readonly withStack: boolean },
  causesLeft = CAUSES_SHOWN,
): ErrorDescription {
  const { code, cause, errors } = error as Partial<Record<'code' | 'cause' | 'errors', unknown>>;
  return {
    name: error.name,
    message: withoutCredentials(error.message),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(withStack && error.stack !== undefined && { stack: withoutCredentials(error.stack) }),
    ...(Error.isError(cause) &&
      causesLeft > 0 && { cause: describeError(cause, { withStack }, causesLeft - 1) }),
    ...(Array.isArray(errors) &&
      causesLeft > 0 && {
        errors: errors
          .filter(Error.isError)
          .slice(0, CAUSES_SHOWN)
          .map((each) => describeError(each, { withStack }, causesLeft - 1)),
      }),
  };
}

/** What the language itself throws where code is wrong. */
const ofCode: ReadonlySet<string> = new Set([
  'TypeError',
  'ReferenceError',
  'RangeError',
  'SyntaxError',
]);

/**
 * Whether a line reports a bug, which needs its stack. A language error with a code comes from Node or a driver, which
 * refuse what they were given.
 */
export function isBug(event: LogEvent, errors: readonly Error[]): boolean {
  return (
    event === 'crashed' || errors.some((error) => ofCode.has(error.name) && !('code' in error))
  );
}

/** A connection string quoted in a driver's message loses its user and password. */
function withoutCredentials(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)\S*@/gi, '$1***@');
}
