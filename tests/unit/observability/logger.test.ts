import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  createLogger,
  gatherLines,
  type LoggerOptions,
} from '../../../src/observability/logger.ts';
import type { LogEvent, Logger } from '../../../src/runtime/logger.ts';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';

const zone = createTimeZone('Asia/Kolkata');

/** What a logger writes while `say` speaks, line by line. */
function linesOf(options: Partial<LoggerOptions>, say: (logger: Logger) => void): string[] {
  let text = '';
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  say(createLogger({ level: 'info', format: 'json', zone, destination, ...options }));
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
    expect(lines.filter((line) => line.includes('***@db')).length).toBeGreaterThan(2);
    for (const line of lines) expect(line).not.toContain('pass-word');
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

describe('an error that is no bug', () => {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const error = new AggregateError([cause], 'no server answers', { cause });

  it.each<LogEvent>(['waiting_for_mongodb', 'waiting_for_mysql', 'database_retry', 'start_failed'])(
    'is logged by %s with its name, message and code, and without a stack',
    (event) => {
      const line = parsedOf((logger) => logger.warn(event, { error }));
      const shown = { name: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' };
      expect(line['error']).toEqual({
        name: 'AggregateError',
        message: 'no server answers',
        cause: shown,
        errors: [shown],
      });
    },
  );

  it('is one that Node or a driver names by a code, whatever its kind', () => {
    const odd = Object.assign(new RangeError('x'), { code: 'ERR_OUT_OF_RANGE' });
    const line = parsedOf((logger) => logger.warn('database_retry', { error: odd }));
    expect(JSON.stringify(line)).not.toContain('stack');
  });

  it('is not one that the language throws where code is wrong', () => {
    const bug = new TypeError("Cannot read properties of undefined (reading 'x')");
    const line = parsedOf((logger) => logger.warn('database_retry', { error: bug }));
    expect(line['error']).toMatchObject({ stack: bug.stack });
  });
});

const hostile =
  'a\r\n2026-01-31 00:00:00.000 +00:00 ERROR forged\u2028b\u009b2Jc\u001b[31md\u202ee';

describe('what comes from strangers', () => {
  it.each(['json', 'text'] as const)('adds no line to %s, and moves no terminal', (format) => {
    const error = new TypeError(hostile, { cause: new Error(hostile) });
    const lines = linesOf({ format }, (logger) => {
      logger.warn('invalid_webhook', { problem: hostile, nested: { hostile }, list: [hostile] });
      logger.error('crashed', { error });
    });
    const first = lines.filter((line) => /^(?:\{|\d)/.test(line));
    expect(first).toHaveLength(2);
    for (const line of lines) {
      expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
      expect(/^(?:\{"timestamp|\d{4}-\d\d-\d\d | {4})/.test(line)).toBe(true);
    }
  });

  it('is the same in JSON', () => {
    const line = parsedOf((logger) => logger.warn('invalid_webhook', { problem: hostile }));
    expect(line['problem']).toBe(hostile);
  });
});

describe('a line for people', () => {
  const textOf = (say: (logger: Logger) => void): string[] => linesOf({ format: 'text' }, say);

  it('has date, time and zone, level, the event as a sentence and by name, and the fields', () => {
    const [line] = textOf((logger) => {
      logger.warn('stream_reopening', {
        cause: 'ECONNRESET',
        waitMs: 500,
        detail: { a: [1] },
        nothing: null,
        text: 'two words',
        at: new Date(0),
      });
    });
    expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \+05:30 WARN {2}/);
    expect(line?.slice(37)).toBe(
      'The change stream ended and is being reopened. [stream_reopening] cause=ECONNRESET waitMs=500 detail={"a":[1]} text="two words" at=1970-01-01T05:30:00.000+05:30',
    );
  });

  it('has an error as a sentence, with its causes', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:3306'), {
      code: 'ECONNREFUSED',
    });
    const error = Object.assign(new Error('No server answers.', { cause: refused }), { code: 7 });
    const [line, ...more] = textOf((logger) =>
      logger.warn('waiting_for_mysql', { waitMs: 500, error }),
    );
    expect(line?.slice(37)).toBe(
      'The worker is waiting for MySQL: No server answers (7), because connect ECONNREFUSED 127.0.0.1:3306. [waiting_for_mysql] waitMs=500',
    );
    expect(more).toEqual([]);
  });

  it('says once what an error and its cause both say', () => {
    const error = new Error('it broke: EPIPE', { cause: new Error('EPIPE') });
    const [line] = textOf((logger) => logger.warn('database_retry', { error }));
    expect(line).toContain('retried: it broke: EPIPE. [database_retry]');
  });

  it('has the stack of a bug under it, and of nothing else', () => {
    const error = new Error('it broke', { cause: new Error('since this did') });
    const [line, ...stack] = textOf((logger) => logger.error('crashed', { error }));
    expect(line).toContain(
      'ERROR The worker exits because of a bug: it broke, because since this did.',
    );
    expect(stack.filter((each) => each.startsWith('        at '))).not.toEqual([]);
    expect(stack).toContain('    Error: since this did');
    expect(stack.every((each) => each.startsWith('    '))).toBe(true);
  });

  it('has colours on a terminal only', () => {
    const say = (logger: Logger): void => logger.warn('standby');
    const [plain] = linesOf({ format: 'text' }, say);
    const [coloured] = linesOf({ format: 'text', isColoured: true }, say);
    expect(plain).not.toContain('\u001b');
    expect(coloured).toContain('\u001b[33mWARN \u001b[39m Another worker is active');
    expect(linesOf({ format: 'json', isColoured: true }, say).join('')).not.toContain('\u001b');
  });
});

function gathering() {
  const written: string[] = [];
  const write = (text: string): boolean => {
    written.push(text);
    return true;
  };
  return { written, ...gatherLines({ write }) };
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('lines', () => {
  it('of a moment are written in one piece, in their order', () => {
    const { written, stream } = gathering();
    stream.write('one\n');
    stream.write('two\n');
    expect(written).toEqual([]);
    jest.advanceTimersByTime(20);
    stream.write('three\n');
    jest.advanceTimersByTime(20);
    expect(written).toEqual(['one\ntwo\n', 'three\n']);
  });

  it('are written at once when the process ends, and only once', () => {
    const { written, stream, flush } = gathering();
    stream.write('last\n');
    flush();
    flush();
    jest.advanceTimersByTime(20);
    expect(written).toEqual(['last\n']);
  });
});
