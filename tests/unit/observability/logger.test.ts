import { describe, expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { createLogger, type LoggerOptions } from '../../../src/observability/logger.ts';
import type { Logger } from '../../../src/runtime/logger.ts';

/** What a logger writes while `say` speaks, line by line. */
function linesOf(options: Partial<LoggerOptions>, say: (logger: Logger) => void): string[] {
  let text = '';
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  say(createLogger({ level: 'info', format: 'json', destination, ...options }));
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text.split('\n').slice(0, -1);
}

function parsedOf(say: (logger: Logger) => void): Record<string, unknown> {
  const [line, ...others] = linesOf({}, say);
  expect(others).toEqual([]);
  return JSON.parse(line ?? '') as Record<string, unknown>;
}

describe('a JSON log line', () => {
  it('begins with timestamp, level and event, then come the fields', () => {
    const line = parsedOf((logger) => {
      logger.info('attempt', { attempt: 2, statusCode: null, at: new Date(0) });
    });
    expect(Object.entries(line)).toEqual([
      ['timestamp', expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)],
      ['level', 'info'],
      ['event', 'attempt'],
      ['attempt', 2],
      ['statusCode', null],
      ['at', '1970-01-01T00:00:00.000Z'],
    ]);
  });

  it('tells the time it was written', () => {
    const before = Date.now();
    const line = parsedOf((logger) => logger.info('started'));
    expect(Date.parse(String(line['timestamp']))).toBeGreaterThanOrEqual(before);
  });

  it('needs no fields', () => {
    const line = parsedOf((logger) => logger.warn('stopped'));
    expect(Object.keys(line)).toEqual(['timestamp', 'level', 'event']);
  });

  it('is one line whatever the fields hold', () => {
    const line = parsedOf((logger) => logger.info('settings', { text: 'a\nb\r\u2028"c"' }));
    expect(line['text']).toBe('a\nb\r\u2028"c"');
  });

  it('tells an error with name, code, message, stack and causes', () => {
    const cause = Object.assign(new Error('getaddrinfo ENOTFOUND db'), { code: 'ENOTFOUND' });
    const error = Object.assign(new TypeError('no primary', { cause }), { code: 133 });
    const line = parsedOf((logger) => logger.error('crashed', { error }));
    expect(line['error']).toEqual({
      name: 'TypeError',
      code: 133,
      message: 'no primary',
      stack: error.stack,
      cause: {
        name: 'Error',
        code: 'ENOTFOUND',
        message: 'getaddrinfo ENOTFOUND db',
        stack: cause.stack,
      },
    });
  });

  it('tells also what an abort throws, which is no ordinary error', () => {
    const error = new DOMException('This operation was aborted', 'AbortError');
    const line = parsedOf((logger) => logger.error('crashed', { error }));
    expect(line['error']).toMatchObject({
      name: 'AbortError',
      message: 'This operation was aborted',
    });
  });

  it("leaves the field called message to the caller, and does not glue an error's to the event", () => {
    const line = parsedOf((logger) =>
      logger.error('crashed', { message: 'mine', error: new Error('its own') }),
    );
    expect(line).toMatchObject({ event: 'crashed', message: 'mine' });
  });

  it('shows no password of a connection string that an error quotes', () => {
    const error = new Error('no host in mongodb://worker:pass-word@db', {
      cause: new Error('mysql://worker:pass-word@db refused'),
    });
    const lines = ['json', 'text'].flatMap((format) =>
      linesOf({ format: format as 'json' | 'text' }, (logger) =>
        logger.error('crashed', { error }),
      ),
    );
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).toContain('***@db');
      expect(line).not.toContain('pass-word');
    }
  });
});

describe('the level', () => {
  const sayAll = (logger: Logger): void => {
    logger.debug('settings');
    logger.info('settings');
    logger.warn('settings');
    logger.error('settings');
  };

  it.each<[LoggerOptions['level'], string[]]>([
    ['error', ['error']],
    ['warn', ['warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['debug', ['debug', 'info', 'warn', 'error']],
  ])('%s writes that and what is worse', (level, expected) => {
    const written = linesOf({ level }, sayAll).map(
      (line) => (JSON.parse(line) as { level: string }).level,
    );
    expect(written).toEqual(expected);
  });

  it('looks at no field of a line it does not write', () => {
    const fields = {
      get costly(): never {
        throw new Error('looked at');
      },
    };
    expect(linesOf({ level: 'info' }, (logger) => logger.debug('settings', fields))).toEqual([]);
  });
});

describe('a line for people', () => {
  const textOf = (say: (logger: Logger) => void): string[] => linesOf({ format: 'text' }, say);

  it('has time of day, level, event and the fields by name', () => {
    const [line] = textOf((logger) => {
      logger.warn('stream_reopening', { cause: 'ECONNRESET', waitMs: 500, detail: { a: [1] } });
    });
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}stream_reopening cause=ECONNRESET waitMs=500 detail=\{"a":\[1\]\}$/,
    );
  });

  it('tells an error too', () => {
    const error = new Error('it broke');
    const [line] = textOf((logger) => logger.error('crashed', { error }));
    expect(line).toContain('"message":"it broke"');
  });
});
