import { describe, expect, it } from '@jest/globals';
import type { MysqlResult } from '../../../src/mysql/connect.ts';
import { readRouteRow } from '../../../src/mysql/routeRow.ts';

const cells = {
  notify_on_delivery: 'true',
  flow_webhook_enabled: 1,
  webhook_id: 7,
  url: 'https://h.example/',
  headers: '{}',
  secret: null,
} as const;

function resultWith(changes: Readonly<Record<string, unknown>>): MysqlResult {
  const all = { ...cells, ...changes };
  return { columns: Object.keys(all), rows: [Object.values(all)] };
}

function read(changes: Readonly<Record<string, unknown>>) {
  return readRouteRow(resultWith(changes), 'my.sql');
}

function problem(message: string, kind = 'key') {
  return expect.objectContaining({ kind, message });
}

describe('readRouteRow', () => {
  it('gives nothing for no row', () => {
    expect(readRouteRow({ columns: Object.keys(cells), rows: [] }, 'my.sql')).toBeNull();
  });

  it('reads the columns in any order, in any case, beside others', () => {
    const columns = ['SECRET', 'Headers', 'more', 'URL', 'webhook_id', 'flow_webhook_enabled'];
    const rows = [['s', null, 1, 'u', 8, 0, 'false']];
    expect(readRouteRow({ columns: [...columns, 'Notify_On_Delivery'], rows }, 'my.sql')).toEqual({
      notifyOnDelivery: 'false',
      flowWebhookEnabled: false,
      webhookId: 8,
      url: 'u',
      headers: null,
      secret: 's',
    });
  });

  it('refuses more than one row', () => {
    const [row = []] = resultWith({}).rows;
    const result = { columns: Object.keys(cells), rows: [row, row] };
    expect(() => readRouteRow(result, 'my.sql')).toThrow(
      problem('my.sql must return at most one row, but returns more'),
    );
  });

  it('names missing columns, also when there is no row', () => {
    const columns = Object.keys(cells).filter((name) => name !== 'secret');
    expect(() => readRouteRow({ columns, rows: [] }, 'my.sql')).toThrow(
      problem('my.sql does not return the column secret', 'schema'),
    );
    expect(() => readRouteRow({ columns: ['url'], rows: [] }, 'my.sql')).toThrow(
      problem(
        'my.sql does not return the columns notify_on_delivery, flow_webhook_enabled, webhook_id, headers, secret',
        'schema',
      ),
    );
  });

  it.each<[unknown, boolean]>([
    [null, false],
    [0, false],
    ['0', false],
    [false, false],
    [Buffer.from([0]), false],
    [1, true],
    ['1', true],
    [true, true],
    [Buffer.from([1]), true],
  ])('reads %j as a flow flag that is %j', (value, flag) => {
    expect(read({ flow_webhook_enabled: value })?.flowWebhookEnabled).toBe(flag);
  });

  it.each<[unknown, string]>([
    [2, 'another number'],
    [-1, 'another number'],
    ['true', 'other text'],
    ['', 'an empty text'],
    [Buffer.from([0, 1]), 'binary'],
    [new Date(0), 'a date'],
    [{}, 'another object'],
  ])('refuses the flow flag %j', (value, described) => {
    expect(() => read({ flow_webhook_enabled: value })).toThrow(
      problem(`my.sql: flow_webhook_enabled must be 0, 1 or null, but is ${described}`),
    );
  });

  it.each<[unknown, unknown]>([
    [null, null],
    [-3, -3],
    ['9223372036854775807', '9223372036854775807'],
    ['hook-a', 'hook-a'],
    [Buffer.from('hook-a'), 'hook-a'],
  ])('reads the webhook id %j as %j', (value, id) => {
    expect(read({ webhook_id: value })?.webhookId).toBe(id);
  });

  it.each<[unknown, string]>([
    [1.5, 'another number'],
    ['', 'an empty text'],
    [Buffer.from([0xff]), 'binary'],
    [true, 'another boolean'],
  ])('refuses the webhook id %j', (value, described) => {
    expect(() => read({ webhook_id: value })).toThrow(
      problem(`my.sql: webhook_id must be an integer, text or null, but is ${described}`),
    );
  });

  it.each(['notify_on_delivery', 'url', 'headers', 'secret'])(
    'refuses a %s that is no text, without quoting it',
    (name) => {
      expect(() => read({ [name]: 4711 })).toThrow(
        problem(`my.sql: ${name} must be text or null, but is another number`),
      );
    },
  );

  it('reads text from binary columns', () => {
    expect(read({ url: Buffer.from('https://ü.example/') })?.url).toBe('https://ü.example/');
  });
});
