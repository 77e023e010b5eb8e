import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';

const namedZones = [
  'UTC',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Tehran',
  'Europe/London',
  'Europe/Dublin',
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Africa/Casablanca',
  'Africa/Monrovia',
  'Antarctica/Troll',
];
const fixedZones = ['+05:30', '-03:30', '+00:00', '+14:00', '-12:00'];

/** By another way than the product's: the name Intl gives the offset. Null when it has seconds. */
function offsetByIntl(zoneName: string): (date: Date) => string | null {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zoneName,
    timeZoneName: 'longOffset',
  });
  return (date) => {
    const name =
      format.formatToParts(date).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    if (name === 'GMT') return '+00:00';
    return /^GMT([+-]\d\d:\d\d)$/.exec(name)?.[1] ?? null;
  };
}

const anyDate = fc.date({ noInvalidDate: true });
const recentDate = fc.date({
  min: new Date('1970-01-01'),
  max: new Date('2040-01-01'),
  noInvalidDate: true,
});

describe('format', () => {
  it.each([
    ['Asia/Kolkata', '2023-10-19T06:25:20.408Z', '2023-10-19T11:55:20.408+05:30'],
    ['+05:30', '2023-10-19T06:25:20.000Z', '2023-10-19T11:55:20.000+05:30'],
    ['UTC', '2023-10-19T06:25:20.408Z', '2023-10-19T06:25:20.408+00:00'],
    ['Etc/UTC', '2023-10-19T06:25:20.408Z', '2023-10-19T06:25:20.408+00:00'],
    ['+00:00', '2023-10-19T06:25:20.408Z', '2023-10-19T06:25:20.408+00:00'],
    ['-00:30', '2023-10-19T00:10:00.000Z', '2023-10-18T23:40:00.000-00:30'],
    ['Asia/Kathmandu', '1985-12-31T18:29:59.999Z', '1985-12-31T23:59:59.999+05:30'],
    ['Asia/Kathmandu', '1985-12-31T18:30:00.000Z', '1986-01-01T00:15:00.000+05:45'],
    ['America/St_Johns', '2006-04-02T03:30:59.999Z', '2006-04-02T00:00:59.999-03:30'],
    ['America/St_Johns', '2006-04-02T03:31:00.000Z', '2006-04-02T01:01:00.000-02:30'],
    ['Australia/Lord_Howe', '2023-09-30T15:29:59.999Z', '2023-10-01T01:59:59.999+10:30'],
    ['Australia/Lord_Howe', '2023-09-30T15:30:00.000Z', '2023-10-01T02:30:00.000+11:00'],
    ['Pacific/Apia', '2011-12-30T09:59:59.999Z', '2011-12-29T23:59:59.999-10:00'],
    ['Pacific/Apia', '2011-12-30T10:00:00.000Z', '2011-12-31T00:00:00.000+14:00'],
    ['Africa/Casablanca', '2023-03-19T01:59:59.999Z', '2023-03-19T02:59:59.999+01:00'],
    ['Africa/Casablanca', '2023-03-19T02:00:00.000Z', '2023-03-19T02:00:00.000+00:00'],
    ['Asia/Kolkata', '9999-12-31T18:30:00.000Z', '+010000-01-01T00:00:00.000+05:30'],
    ['+05:30', '0000-01-01T00:00:00.000Z', '0000-01-01T05:30:00.000+05:30'],
    ['-01:00', '0000-01-01T00:00:00.000Z', '-000001-12-31T23:00:00.000-01:00'],
    ['+05:30', '+275760-09-13T00:00:00.000Z', '+275760-09-13T00:00:00.000+00:00'],
    ['Asia/Kolkata', '+275760-09-13T00:00:00.000Z', '+275760-09-13T00:00:00.000+00:00'],
    ['-05:30', '-271821-04-20T00:00:00.000Z', '-271821-04-20T00:00:00.000+00:00'],
  ])('writes, in %s, %s as %s', (zoneName, instant, text) => {
    expect(createTimeZone(zoneName).format(new Date(instant))).toBe(text);
  });

  it('denotes the same instant where the offset of old had seconds', () => {
    const instant = new Date('1850-06-01T12:00:00.123Z');
    const text = createTimeZone('Asia/Kolkata').format(instant);
    expect(text).toBe('1850-06-01T17:53:00.123+05:53');
    expect(new Date(text)).toEqual(instant);
  });

  it.each(namedZones)('writes the offset Intl names for %s', (zoneName) => {
    const zone = createTimeZone(zoneName);
    const offset = offsetByIntl(zoneName);
    fc.assert(
      fc.property(recentDate, (date) => {
        const actual = zone.format(date).slice(-6);
        expect(actual).toBe(offset(date) ?? actual);
      }),
    );
  });

  it('remembers no offset across a change of the clock', () => {
    for (const zoneName of namedZones) {
      const zone = createTimeZone(zoneName);
      const offset = offsetByIntl(zoneName);
      const start = Date.UTC(2006, 9, 28);
      for (let at = start; at < start + 2 * 86_400_000; at += 7 * 60_000) {
        expect(zone.format(new Date(at)).slice(-6)).toBe(offset(new Date(at)));
      }
    }
  });

  it('goes on after more hours than it remembers', () => {
    const zone = createTimeZone('Europe/London');
    for (let hour = 0; hour < 1200; hour += 1) {
      const date = new Date(Date.UTC(2023, 1, 1) + hour * 3_600_000);
      expect(new Date(zone.format(date))).toEqual(date);
    }
  });
});

describe('parse', () => {
  const kolkata = createTimeZone('Asia/Kolkata');

  it.each([
    ['2023-10-19T11:55:20.408+05:30', '2023-10-19T06:25:20.408Z'],
    ['2023-10-19T06:25:20.408Z', '2023-10-19T06:25:20.408Z'],
    ['2023-10-19T06:25:20.408+0000', '2023-10-19T06:25:20.408Z'],
    ['2023-10-19T06:25:20-01', '2023-10-19T07:25:20.000Z'],
    ['2023-10-19T11:55:20.408', '2023-10-19T06:25:20.408Z'],
    ['2023-10-19T11:55:20,5', '2023-10-19T06:25:20.500Z'],
    ['2023-10-19T11:55:20.408999999', '2023-10-19T06:25:20.408Z'],
    ['2023-10-19T11:55', '2023-10-19T06:25:00.000Z'],
    ['2023-10-19', '2023-10-18T18:30:00.000Z'],
    ['2024-02-29', '2024-02-28T18:30:00.000Z'],
    ['2023-10-19T24:00', '2023-10-19T18:30:00.000Z'],
    ['20231019T115520', '2023-10-19T06:25:20.000Z'],
    ['20231019T115520.408+0530', '2023-10-19T06:25:20.408Z'],
    ['2023-10-19t06:25:20z', '2023-10-19T06:25:20.000Z'],
    ['+010000-01-01T00:00:00.000+05:30', '9999-12-31T18:30:00.000Z'],
    ['-000001-12-31T23:00:00.000-01:00', '0000-01-01T00:00:00.000Z'],
    ['+275760-09-13T00:00:00.000Z', '+275760-09-13T00:00:00.000Z'],
  ])('reads %s as %s', (text, instant) => {
    expect(kolkata.parse(text)).toEqual(new Date(instant));
  });

  it.each([
    '',
    ' ',
    'yesterday',
    'now',
    '12:00',
    'T12:00',
    '2023',
    '2023-10',
    '202310',
    '20231019',
    '2023-292',
    '2023292',
    '2023-W42-4',
    '1697696720',
    '1697696720408',
    '919999999999',
    '+919999999999',
    '+1202010112',
    '2023-10-19 11:55:20',
    ' 2023-10-19',
    '2023-10-19\n',
    '2023-10-19T',
    '2023-10-19Z',
    '2023-13-01',
    '2023-02-29',
    '2023-10-19T25:00',
    '2023-10-19T11:60',
    '2023-10-19T11:55:60',
    '2023-10-19T11:55+24:00',
    '2023-10-19T11:55+05:60',
    '2023-10-19T1155',
    '20231019T11:55',
    '2023-10-19T11:55+05:30[Asia/Kolkata]',
    '19/10/2023',
    '10/19/2023 11:55',
    'Thu, 19 Oct 2023 06:25:20 GMT',
    'Thu Oct 19 2023',
    '+999999-01-01',
    '+275760-09-13T00:00:00.001Z',
    '२०२३-१०-१९',
  ])('does not read %p', (text) => {
    expect(kolkata.parse(text)).toBeNull();
  });

  it('takes a text without an offset as local at that time of the year', () => {
    const london = createTimeZone('Europe/London');
    expect(london.parse('2023-07-01T12:00')).toEqual(new Date('2023-07-01T11:00:00Z'));
    expect(london.parse('2023-01-01T12:00')).toEqual(new Date('2023-01-01T12:00:00Z'));
  });

  it.each([...namedZones, ...fixedZones])('reads back what format wrote in %s', (zoneName) => {
    const zone = createTimeZone(zoneName);
    fc.assert(
      fc.property(fc.oneof(anyDate, recentDate), (date) => {
        const text = zone.format(date);
        expect(zone.parse(text)).toEqual(date);
        expect(new Date(text)).toEqual(date);
      }),
    );
  });

  it('reads every millisecond back', () => {
    for (let ms = 0; ms < 1000; ms += 1) {
      const date = new Date(1_697_696_720_000 + ms);
      expect(kolkata.parse(kolkata.format(date))).toEqual(date);
    }
  });

  it('returns a valid Date or null for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d:TZ.+-]{0,30}$/)), (text) => {
        expect(kolkata.parse(text)?.getTime()).not.toBe(Number.NaN);
      }),
    );
  });
});

describe('createTimeZone', () => {
  it.each([
    '',
    'Asia/Nowhere',
    'local',
    'system',
    'default',
    'Asia/Kolkata ',
    '+5:30',
    '+0530',
    '05:30',
    '+05:60',
    '+19:00',
    '+18:01',
    'UTC+5',
    'UTC+05:30',
    '330',
  ])('refuses %p', (name) => {
    expect(() => createTimeZone(name)).toThrow(`'${name}' is no time zone`);
  });
});
