import { beforeAll, describe, expect, it } from '@jest/globals';
import { Binary, Double, Long, ObjectId, UUID, type Document } from 'mongodb';
import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import { toLegacyUuid } from '../../../src/mongo/plainDocument.ts';
import { cliWith, type CliEnd } from '../../support/cli.ts';
import { runCommand } from '../../support/commands.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';

const e2e = useEndToEnd(import.meta.url);
const command = async (...args: readonly string[]): Promise<CliEnd> =>
  await cliWith(e2e().settings, ...args);
/** A day in Kolkata, which is over. */
const DAY = '2026-01-30';
const sent = new Date('2026-01-30T10:00:00Z');
const uuid = 'bd706f90-aa14-47ea-9844-3d1e1123f4ee';

async function found(...args: readonly string[]): Promise<readonly unknown[]> {
  const end = await command('find', ...args, '--json');
  expect(end).toMatchObject({ code: 0, stderr: '' });
  return (end.json()['sms'] as readonly Document[]).map(({ smsId }) => smsId as unknown);
}

beforeAll(async () => {
  await e2e().central.optIn(28, 200, { url: e2e().receiver.url('/hook') });
  await insert({ _id: 'first' });
});

async function insert(fields: Document): Promise<void> {
  await e2e().sms.insertOne(newSms({ to: '911', sendTime: sent, ...fields }));
}

describe('find, without an index', () => {
  it.each([
    ['phononUuid', ['--phonon-uuid', uuid]],
    ['to', ['--to', '+91 98765 43210', '--on', 'yesterday']],
  ])('is refused, with the one to create: on %s', async (field, args) => {
    const { db } = e2e().servers;
    const end = await command('find', ...args, '--json');
    expect(end.code).toBe(1);
    expect(end.json()['error']).toContain(
      `db.getSiblingDB("${db.databaseName}").getCollection("SMSDetailDocument").createIndex({"${field}":1})`,
    );
  });
});

describe('find', () => {
  beforeAll(async () => {
    await e2e().sms.createIndex({ phononUuid: 1 });
    // Any that leads with the field will do.
    await e2e().sms.createIndex({ to: 1, accountID: 1 });
  });

  it.each<[string, unknown]>([
    ['text', uuid],
    ['text in capitals', uuid.toUpperCase()],
    ['a UUID', new UUID(uuid)],
    ['a UUID as Java wrote it', toLegacyUuid(new UUID(uuid).buffer, 'javaLegacy')],
  ])('by a phonon-uuid that is stored as %s', async (what, phononUuid) => {
    await insert({ _id: `by-uuid-${what}`, phononUuid });
    expect(await found('--phonon-uuid', ` ${uuid} `)).toContain(`by-uuid-${what}`);
    await e2e().sms.deleteOne({ _id: `by-uuid-${what}` });
  });

  it.each<[string, unknown]>([
    ['text', '919876543210'],
    ['text with a plus', '+919876543210'],
    ['text without its country', '9876543210'],
    ['a number', 919876543210],
    ['a Long', Long.fromString('919876543210')],
    ['a Double', new Double(9876543210)],
  ])('by a number that is stored as %s, of one day', async (what, to) => {
    await insert({ _id: `to-${what}`, to });
    await insert({ _id: 'the day before', to, sendTime: new Date('2026-01-29T18:29:59Z') });
    await insert({ _id: 'the day after', to, sendTime: new Date('2026-01-30T18:30:00Z') });
    for (const written of ['+91 98765-43210', '9876543210', '919876543210']) {
      expect(await found('--to', written, '--on', DAY)).toEqual([`to-${what}`]);
    }
    await e2e().sms.deleteMany({ to });
  });

  it('by the day it was sent or delivered on, in dates and in texts', async () => {
    const to = '919111111111';
    const early = new Date('2026-01-29T10:00:00Z');
    await insert({ _id: 'delivered', to, sendTime: early, deliveryTime: sent });
    await insert({ _id: 'text', to, sendTime: '2026-01-30T23:59:59' });
    await insert({ _id: 'basic', to, sendTime: '20260130T235959+0530' });
    await insert({ _id: 'text of the next day', to, sendTime: '2026-01-30T23:59:59Z' });
    await insert({ _id: 'neither', to, sendTime: early, deliveryTime: early });
    const ids = await found('--to', to, '--on', DAY);
    expect(new Set(ids)).toEqual(new Set(['basic', 'delivered', 'text']));
  });

  it('shows all that is needed to go on, and why it was not notified, by one command', async () => {
    const to = '919222222222';
    const id = new ObjectId();
    const status = { deliveryStatus: 'DELIVERED', deliveryTime: sent };
    const record = { state: 'failed', reason: 'attempts_exhausted', attempts: 11 };
    const subject = { statusAt: sent, notificationId: `${id.toHexString()}:DELIVERED` };
    await insert({
      ...{ _id: id, to, ...status },
      notify_on_delivery: { ...record, ...subject, deliveryStatus: 'DELIVERED' },
    });
    await insert({ _id: 'not opted in', to, accountID: 77, ...status });
    const end = await runCommand(e2e().settings, ['find', '--to', to, '--on', DAY, '--json']);
    expect(end).toMatchObject({ code: 0, stderr: '' });
    const sms = end.json()['sms'] as readonly Document[];
    expect(sms).toHaveLength(2);
    expect(sms).toContainEqual(
      expect.objectContaining({
        ...{ smsId: id.toHexString(), accountId: 28, flowId: 200, deliveryStatus: 'DELIVERED' },
        ...{ state: 'failed', reason: 'attempts_exhausted', statusTime: sent.toISOString() },
        explanation: expect.stringMatching(/^It ended as failed/),
      }),
    );
    expect(sms).toContainEqual(
      expect.objectContaining({ state: null, explanation: expect.stringMatching(/^Step 1/) }),
    );
    const text = await command('find', '--to', to, '--on', DAY);
    expect(text.stdout).toContain('2026-01-30T15:30:00.000+05:30');
    expect(text.stdout).toMatch(/^record +failed \/ attempts_exhausted$/m);
    expect((await command('explain', id.toHexString(), '--json')).code).toBe(0);
  });

  it('gives ids that explain takes, of all kinds', async () => {
    const phononUuid = 'kinds';
    const kinds: readonly unknown[] = [
      ...[new ObjectId(), new UUID(), 42, Long.fromString('9007199254740993'), 'a b:c'],
      toLegacyUuid(new UUID().buffer, 'javaLegacy'),
    ];
    for (const _id of kinds) await insert({ _id, phononUuid });
    const ids = await found('--phonon-uuid', phononUuid);
    expect(ids).toHaveLength(kinds.length);
    for (const id of ids) {
      expect((await command('explain', String(id), '--json')).code).toBe(0);
    }
    for (const id of [
      `{"$oid":"${(kinds[0] as ObjectId).toHexString()}"}`,
      `{"$uuid":"${(kinds[1] as UUID).toHexString()}"}`,
      '{"$numberInt":"42"}',
      '{"$numberLong":"9007199254740993"}',
      '"a b:c"',
      JSON.stringify({
        $binary: { base64: (kinds[5] as Binary).toString('base64'), subType: '03' },
      }),
    ]) {
      expect([id, (await command('explain', id, '--json')).code]).toEqual([id, 0]);
    }
    // No operator, no pattern.
    for (const id of ['{"$gt":""}', '{"$regularExpression":{"pattern":"","options":""}}']) {
      expect([id, (await command('explain', id, '--json')).code]).toEqual([id, 1]);
    }
  });

  it.each([
    ['an SMS id', ['first']],
    ['a notification id', ['first:DELIVERED']],
    ['a number, with its day', ['+91 94444-44444', '--on', DAY]],
  ])('takes %s without an option', async (_what, args) => {
    await insert({ _id: 'numbered', to: '919444444444' });
    expect(await found(...args)).toEqual([args.length === 1 ? 'first' : 'numbered']);
    await e2e().sms.deleteOne({ _id: 'numbered' });
  });

  it('takes a phonon-uuid without an option, and says what it searched for', async () => {
    await insert({ _id: 'plain', phononUuid: 'plain-uuid' });
    expect(await found('PLAIN-UUID')).toEqual(['plain']);
    const end = await command('find', 'nothing', '--json');
    expect(end.code).toBe(1);
    expect(end.json()['error']).toMatch(/has this _id.*none with the phonon-uuid "nothing"/);
  });

  it('is bounded, and says so', async () => {
    for (let number = 0; number < 12; number += 1) {
      await insert({ _id: `many-${number}`, to: '919333333333' });
    }
    const end = await command('find', '--to', '919333333333', '--on', DAY, '--limit', '11');
    expect(end.stdout).toMatch(/^11 SMS/);
    expect(end.stdout).toMatch(/There are more than 11; raise --limit to see them/);
  });

  it('says where nothing was found, and what was looked for', async () => {
    const end = await command('find', '--to', '9876500000', '--on', DAY, '--json');
    expect(end.code).toBe(1);
    expect(end.json()['error']).toMatch(/There is no SMS to .*\+919876500000.* on 2026-01-30/);
  });

  it.each([
    ['nothing', []],
    ['a number without a day', ['--to', '919876543210']],
    ['a phonon-uuid of a day', ['--phonon-uuid', uuid, '--on', DAY]],
    ['an argument and an option', [uuid, '--phonon-uuid', uuid]],
    ['both', ['--phonon-uuid', uuid, '--to', '919876543210', '--on', DAY]],
    ['a number that is none', ['--to', 'Priya', '--on', DAY]],
    ['a day that is none', ['--to', '919876543210', '--on', '30.01.2026']],
  ])('is misused with %s', async (_what, args) => {
    expect((await command('find', ...args, '--json')).code).toBe(2);
  });
});
