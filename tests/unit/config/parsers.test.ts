import { describe, expect, it } from '@jest/globals';
import * as parsers from '../../../config/parsers.ts';
import { parse } from './parsing.ts';

describe('an integer', () => {
  const parser = parsers.integer({ min: 0, max: 1_048_576 });

  it.each([
    ['0', 0],
    ['5', 5],
    ['16384', 16_384],
    ['1048576', 1_048_576],
  ])('%s is %d', (text, value) => {
    expect(parse(parser, text)).toEqual({ value });
  });

  it.each(['', '-1', '+1', '1.0', '1e3', '0x10', '007', '1 000', '1_000', '16384b', 'NaN', '٥'])(
    '%j is not a whole number',
    (text) => {
      expect(parse(parser, text)).toEqual({ wrong: 'is not a whole number' });
    },
  );

  it.each(['1048577', '9'.repeat(400)])('%s is out of range', (text) => {
    expect(parse(parser, text)).toEqual({ wrong: 'is out of range' });
  });

  it('may have a lower bound', () => {
    expect(parse(parsers.integer({ min: 1, max: 9 }), '0')).toEqual({ wrong: 'is out of range' });
  });
});

describe('a fraction', () => {
  it.each([
    ['0.7', 0.7],
    ['1', 1],
    ['1.0', 1],
    ['0.000000001', 1e-9],
  ])('%s is %d', (text, value) => {
    expect(parse(parsers.fraction, text)).toEqual({ value });
  });

  it.each(['', '-0.5', '.5', '70%', '0,7', '1e-3', 'NaN', '2'])('%j is refused', (text) => {
    expect(parse(parsers.fraction, text)).toEqual({ wrong: 'is not a number from 0 to 1' });
  });

  it.each(['0', '0.0', '1.1'])('%s is out of range', (text) => {
    expect(parse(parsers.fraction, text)).toEqual({ wrong: 'is out of range' });
  });
});

describe('a boolean', () => {
  it.each([
    ['true', true],
    ['false', false],
  ])('%s', (text, value) => {
    expect(parse(parsers.boolean, text)).toEqual({ value });
  });

  it.each(['', 'TRUE', 'yes', '1', '0', 'off'])('%j is refused', (text) => {
    expect(parse(parsers.boolean, text)).toEqual({ wrong: 'is neither true nor false' });
  });
});

describe('a choice', () => {
  const parser = parsers.oneOf(['json', 'text']);

  it('is one of the allowed words', () => {
    expect(parse(parser, 'text')).toEqual({ value: 'text' });
    expect(parser.description).toBe('one of json, text');
  });

  it.each(['', 'JSON', 'toString', 'json,text'])('%j is refused', (text) => {
    expect(parse(parser, text)).toEqual({ wrong: 'is not one of the choices' });
  });
});

describe('a list', () => {
  it.each([
    ['', []],
    ['DELIVERED', ['DELIVERED']],
    ['DELIVERED, FAILED', ['DELIVERED', 'FAILED']],
    ['A,B,A', ['A', 'B']],
    ['not delivered,Ж', ['not delivered', 'Ж']],
  ])('%j is %j', (text, value) => {
    expect(parse(parsers.list, text)).toEqual({ value });
  });

  it.each([',', 'A,', ',A', 'A,,B'])('%j is refused', (text) => {
    expect(parse(parsers.list, text)).toEqual({ wrong: 'has an empty entry' });
  });
});

describe('a number of threads', () => {
  it.each([
    ['auto', null],
    ['0', 0],
    ['64', 64],
  ])('%s is %j', (text, value) => {
    expect(parse(parsers.threadsOrAuto, text)).toEqual({ value });
  });

  it.each(['', 'Auto', '65', '-1', '02', '1.5'])('%j is refused', (text) => {
    const wrong = 'is neither auto nor a number of threads';
    expect(parse(parsers.threadsOrAuto, text)).toEqual({ wrong });
  });
});

describe('a port', () => {
  it.each([
    ['off', null],
    ['0', 0],
    ['8080', 8_080],
    ['65535', 65_535],
  ])('%s is %j', (text, value) => {
    expect(parse(parsers.portOrOff, text)).toEqual({ value });
  });

  it.each(['', 'none', 'OFF', '65536', '-1', '080', ':8080', '80.5'])('%j is refused', (text) => {
    expect(parse(parsers.portOrOff, text)).toEqual({ wrong: 'is not a port' });
  });
});

describe('an address to listen on', () => {
  it.each(['0.0.0.0', '::', '::1', 'fe80::1%eth0', 'localhost', 'my-host.example'])(
    '%s',
    (text) => {
      expect(parse(parsers.listenAddress, text)).toEqual({ value: text });
    },
  );

  it.each(['', 'http://localhost', '[::1]', 'a b', '*'])('%j is refused', (text) => {
    expect(parse(parsers.listenAddress, text)).toEqual({ wrong: 'is not an address' });
  });
});

describe('a time zone', () => {
  it.each(['Asia/Kolkata', 'UTC', 'America/New_York', '+05:30', '-03:00', '+14:00', '+00:00'])(
    '%s',
    (text) => {
      expect(parse(parsers.timeZone, text)).toEqual({ value: text });
    },
  );

  it.each(['', '+5:30', '+0530', '05:30', '+05', '+05:60', 'Asia/Nowhere', 'India', 'UTC+5:30'])(
    '%j is refused',
    (text) => {
      expect(parse(parsers.timeZone, text)).toEqual({
        wrong: expect.stringMatching(/time zone$/),
      });
    },
  );

  it.each(['+14:01', '-23:59', '+99:00'])('%s is refused as too far from UTC', (text) => {
    expect(parse(parsers.timeZone, text)).toEqual({
      wrong: 'is further from UTC than any time zone',
    });
  });
});

describe('a start time', () => {
  it.each([
    ['now', null],
    ['2024-05-01T12:00:00Z', '2024-05-01T12:00:00.000Z'],
    ['2024-05-01T12:00Z', '2024-05-01T12:00:00.000Z'],
    ['2024-05-01T12:00:00.5+05:30', '2024-05-01T06:30:00.500Z'],
    ['2024-05-01T12:00:00-0300', '2024-05-01T15:00:00.000Z'],
  ])('%s', (text, iso) => {
    const value = iso === null ? null : new Date(iso);
    expect(parse(parsers.startTime, text)).toEqual({ value });
  });

  it.each(['', 'NOW', '2024-05-01', '2024-05-01T12:00:00', '2024-13-01T12:00:00Z', '1714564800'])(
    '%j is refused: not a time, or without an offset',
    (text) => {
      expect(parse(parsers.startTime, text)).toEqual({
        wrong: 'is neither now nor a valid time with an offset',
      });
    },
  );
});

describe('a free text', () => {
  it('may be none', () => {
    expect(parse(parsers.freeText, '')).toEqual({ value: null });
  });

  it.each(['worker-7', 'rack b, no. 7 ~', 'x'.repeat(200)])('may be %j', (text) => {
    expect(parse(parsers.freeText, text)).toEqual({ value: text });
  });

  it.each(['x'.repeat(201), 'a\tb', 'a\nb', 'wörker', '\u007f'])('may not be %j', (text) => {
    expect(parse(parsers.freeText, text)).toEqual({
      wrong: 'is too long or not printable ASCII',
    });
  });
});
