import winston from 'winston';
import { isError } from '../runtime/errors.ts';
import type { LogEvent, LogFields, Logger } from '../runtime/logger.ts';
import { gatherLines } from './gatherLines.ts';
import { describeError } from './describeError.ts';

export interface LoggerOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** `json`: one object per line, for machines. `text`: for people. */
  readonly format: 'json' | 'text';
  /** Where lines go; standard output when absent. */
  readonly destination?: NodeJS.WritableStream;
}

/** The worker's log: lines with `timestamp`, `level`, `event`, then the event's fields. */
export function createLogger(options: LoggerOptions): Logger {
  const stream = options.destination ?? standardOutput();
  const transport = new winston.transports.Stream({ stream });
  const log = winston.createLogger({
    level: options.level,
    format: options.format === 'json' ? jsonLine : textLine,
    transports: [transport],
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
  readonly message: unknown;
  readonly fields?: LogFields;
}

const jsonLine = winston.format.printf((info) => {
  const { level, message, fields } = info as unknown as Entry;
  const line = { timestamp: new Date().toISOString(), level, event: message, ...printable(fields) };
  return JSON.stringify(line);
});

const textLine = winston.format.printf((info) => {
  const { level, message, fields } = info as unknown as Entry;
  const shown = Object.entries(printable(fields)).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const time = new Date().toISOString().slice(11, 23);
  return [time, level.toUpperCase().padEnd(5), String(message), ...shown].join(' ');
});

/** winston would write an Error as `{}`. */
function printable(fields: LogFields = {}): LogFields {
  const values = Object.values(fields);
  if (!values.some(isError)) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      isError(value) ? describeError(value) : value,
    ]),
  );
}
