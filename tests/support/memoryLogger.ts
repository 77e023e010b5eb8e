import type { LogEvent, LogFields, Logger } from '../../src/runtime/logger.ts';

export interface LogLine {
  readonly level: keyof Logger;
  readonly event: LogEvent;
  readonly fields: LogFields;
}

/** A logger whose lines can be looked at. */
export interface MemoryLogger extends Logger {
  /** Every line, oldest first, whatever its level. */
  readonly lines: readonly LogLine[];
  /** The lines of one event. */
  of(event: LogEvent): readonly LogLine[];
}

export function createMemoryLogger(): MemoryLogger {
  const lines: LogLine[] = [];
  const write =
    (level: keyof Logger) =>
    (event: LogEvent, fields: LogFields = {}): void => {
      lines.push({ level, event, fields });
    };
  return {
    lines,
    of: (event) => lines.filter((line) => line.event === event),
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
  };
}
