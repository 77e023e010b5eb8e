import { Writable } from 'node:stream';
import winston from 'winston';
import type { TimeZone } from '../domain/sms.ts';
import type { LogEvent, LogFields, Logger } from '../runtime/logger.ts';
import { describeError, escape, isBug, textLine } from './textLine.ts';

export interface LoggerOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** `json`: one object per line, for machines. `text`: for people. */
  readonly format: 'json' | 'text';
  /** In which `text` has its times; JSON has them in UTC. */
  readonly zone: TimeZone;
  /** Where lines go; standard output when absent. */
  readonly destination?: NodeJS.WritableStream;
  /** Colours for `text`; by what standard output is when absent. */
  readonly isColoured?: boolean;
}

/** The worker's log: lines with `timestamp`, `level`, `event`, then the event's fields. */
export function createLogger(options: LoggerOptions): Logger {
  const stream = options.destination ?? standardOutput();
  const log = winston.createLogger({
    level: options.level,
    format: options.format === 'json' ? jsonLine : textFormat(options),
    transports: [new winston.transports.Stream({ stream })],
  });
  const write = (level: LoggerOptions['level']) => (event: LogEvent, fields?: LogFields) => {
    if (log.isLevelEnabled(level)) log.log({ level, message: event, fields });
  };
  return {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
  };
}

function standardOutput(): NodeJS.WritableStream {
  const { stream, flush } = gatherLines(process.stdout);
  process.once('exit', flush);
  return stream;
}

/** What winston hands to a format: what `write` above gave it. */
interface Entry {
  readonly level: string;
  readonly message: LogEvent;
  readonly fields?: LogFields;
}

const jsonLine = winston.format.printf((info) => {
  const { level, message, fields } = info as unknown as Entry;
  const more = printable(message, fields);
  const line = { timestamp: new Date().toISOString(), level, event: message, ...more };
  return escape(JSON.stringify(line));
});

/** A terminal, unless NO_COLOR or its kind says otherwise. */
function hasColours({ stdout }: NodeJS.Process): boolean {
  return stdout.isTTY && stdout.hasColors();
}

function textFormat({
  zone,
  isColoured = hasColours(process),
}: Pick<LoggerOptions, 'zone' | 'isColoured'>): winston.Logform.Format {
  const colours = winston.format.colorize();
  return winston.format.printf((info) => {
    const { level, message: event, fields = {} } = info as unknown as Entry;
    const text = level.toUpperCase().padEnd(5);
    const shown = isColoured ? colours.colorize(level, text) : text;
    return textLine({ time: new Date(), level: shown, event, fields }, zone);
  });
}

/** winston would write an Error as `{}`. */
function printable(event: LogEvent, fields: LogFields = {}): LogFields {
  const errors = Object.values(fields).filter(Error.isError);
  if (errors.length === 0) return fields;
  const withStack = isBug(event, errors);
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      Error.isError(value) ? describeError(value, { withStack }) : value,
    ]),
  );
}

/** What a sudden death of the process may take away. */
const GATHER_MS = 20;

/**
 * Writes the lines of a moment in one piece. A file or pipe is written to synchronously, one system call per
 * write: with a line per attempt they cost a twentieth of the worker's CPU time.
 */
export function gatherLines(destination: Pick<Writable, 'write'>) {
  let gathered = '';
  const flush = (): void => {
    if (gathered === '') return;
    const text = gathered;
    gathered = '';
    destination.write(text);
  };
  const stream = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      if (gathered === '') setTimeout(flush, GATHER_MS);
      gathered += line;
      done();
    },
  });
  return {
    /** Takes lines. */
    stream,
    /** Writes what was gathered. For the end of the process, when timers no longer run. */
    flush,
  };
}
