import { beforeAll, describe, expect, it } from '@jest/globals';
import { Long, ObjectId, UUID } from 'mongodb';
import { newSms, setStatus } from '../../../scripts/harness/smsPlatform.ts';
import { smsKey } from '../../../src/domain/ids.ts';
import { toLegacyUuid } from '../../../src/mongo/plainDocument.ts';
import { toPlain } from '../../../src/mongo/plainDocument.ts';
import { cliWith, type CliEnd } from '../../support/cli.ts';
import { runCommand } from '../../support/commands.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';
import { until } from '../../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const command = async (...args: readonly string[]): Promise<CliEnd> =>
  await cliWith(e2e().settings, ...args);
const FINE = 28;
const FAILING = 29;
const TURNING = 30;
let webhookId = 0;

beforeAll(async () => {
  const { central, receiver } = e2e();
  receiver.answer('/failing', { status: 500 });
  await central.optIn(FINE, FINE, { url: receiver.url('/fine') });
  await central.optIn(FAILING, FAILING, { url: receiver.url('/failing') });
  await e2e().worker({ QUICK_RETRIES: '', RETRY_SCHEDULE: '1h', ROUTE_CACHE_TTL: '1s' });
});

async function tell(fields: Readonly<Record<string, unknown>>, ...statuses: readonly string[]) {
  const sms = newSms({ accountID: FINE, flowId: FINE, ...fields });
  await e2e().sms.insertOne(sms);
  for (const status of statuses) {
    await setStatus(e2e().sms, sms._id, status);
    await e2e().record(sms._id, ({ deliveryStatus }) => deliveryStatus === status);
  }
  return sms._id as unknown;
}

function callsOf(notificationId: string): number {
  const requests = e2e().receiver.requests('/fine');
  return requests.filter(({ headers }) => headers['webhook-id'] === notificationId).length;
}

describe('replay of one SMS', () => {
  it.each<[string, unknown, string]>([
    ['a text', 'an id / with: all', 'an id / with: all'],
    ['an ObjectId', new ObjectId('65b9a0f0c0ffee0000000001'), '65b9a0f0c0ffee0000000001'],
    [
      'an ObjectId in Extended JSON',
      new ObjectId('65b9a0f0c0ffee0000000002'),
      '{"$oid":"65b9a0f0c0ffee0000000002"}',
    ],
    [
      'a UUID',
      new UUID('bd706f90-aa14-47ea-9844-3d1e1123f4e1'),
      'bd706f90-aa14-47ea-9844-3d1e1123f4e1',
    ],
    [
      'a UUID as Java wrote it',
      toLegacyUuid(new UUID('bd706f90-aa14-47ea-9844-3d1e1123f4e2').buffer, 'javaLegacy'),
      'bd706f90-aa14-47ea-9844-3d1e1123f4e2',
    ],
    ['a number', 4711, '4711'],
    ['a Long', Long.fromString('9007199254740993'), '9007199254740993'],
  ])('has it notified once more, with the same webhook-id: %s', async (_what, _id, written) => {
    await tell({ _id }, 'DELIVERED');
    const notificationId = `${smsKey(toPlain(_id)) ?? ''}:DELIVERED`;
    const end = await command('replay', written, '--json');
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(end.json()).toMatchObject({ notificationId, dryRun: false, isWorkerRunning: true });
    await until('it is called again', () => callsOf(notificationId) === 2);
    const [, again] = e2e()
      .receiver.requests('/fine')
      .filter(({ headers }) => headers['webhook-id'] === notificationId);
    expect(again?.headers['webhook-attempt']).toBe('1');
  });

  it('is of the newest status, or of the one that is named', async () => {
    const id = String(await tell({}, 'SENT', 'DELIVERED'));
    await command('replay', id);
    await until('the newest is notified again', () => callsOf(`${id}:DELIVERED`) === 2);
    expect(callsOf(`${id}:SENT`)).toBe(1);
    const end = await runCommand(e2e().settings, ['replay', id, '--status', 'SENT']);
    expect(end).toMatchObject({
      ...{ code: 0, stderr: '' },
      stdout: `Status SENT of ${id} is queued; the running worker calls it.\n`,
    });
    await until('the older is notified again', () => callsOf(`${id}:SENT`) === 2);
    const requests = e2e().receiver.requests('/fine');
    const sent = requests.findLast(({ headers }) => headers['webhook-id'] === `${id}:SENT`);
    expect(JSON.parse(String(sent?.body))).toMatchObject({
      smsDetails: [{ deliveryStatus: 'SENT' }],
    });
    expect(await e2e().record(id)).toMatchObject({
      deliveryStatus: 'DELIVERED',
      state: 'delivered',
    });
    const unknown = await command('replay', id, '--status', 'READ', '--json');
    expect(unknown.code).toBe(1);
    expect(unknown.json()['error']).toMatch(/"READ" of it is known; known are: DELIVERED, SENT/);
  });

  it('only says what it would do in a dry run', async () => {
    const id = String(await tell({}, 'DELIVERED'));
    const end = await command('replay', id, '--dry-run', '--json');
    expect(end.json()).toMatchObject({ dryRun: true, notificationId: `${id}:DELIVERED` });
    expect(await command('list', '--state', 'waiting', '--account', String(FINE))).toMatchObject({
      stdout: expect.stringMatching(/^No such notification/),
    });
  });

  it('is refused while it waits already', async () => {
    const id = String(await tell({ accountID: FAILING, flowId: FAILING }, 'DELIVERED'));
    const end = await command('replay', id, '--json');
    expect(end.code).toBe(1);
    expect(end.json()['error']).toMatch(/It is already waiting.*"retries run/);
  });

  it('says that it waits behind an open breaker, and until when', async () => {
    const { central, receiver, sms } = e2e();
    const account = { accountID: TURNING, flowId: TURNING };
    await central.optIn(TURNING, TURNING, { url: receiver.url('/turning') });
    const id = String(await tell(account, 'DELIVERED'));
    receiver.answer('/turning', { status: 500 });
    const failing = Array.from({ length: 15 }, () =>
      newSms({ ...account, deliveryStatus: 'DELIVERED' }),
    );
    await sms.insertMany(failing);
    await until('its breaker is open', async () => {
      const { breakers } = (await command('status', '--json')).json();
      return (breakers as readonly unknown[]).length > 0;
    });
    const end = await command('replay', id);
    expect(end.code).toBe(0);
    expect(end.stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /is queued; .* It is waiting there: its breaker has been open since .*HTTP 500; .*probe/,
    );
  });

  it('is refused with what stands in the way', async () => {
    const { central, record } = e2e();
    const id = String(await tell({}, 'DELIVERED'));
    const refused = async (): Promise<unknown> => {
      const end = await command('replay', id, '--json');
      expect(end.code).toBe(1);
      return end.json()['error'];
    };
    webhookId = ((await record(id)) as { webhookId: number }).webhookId;
    await central.setFlow(FINE, FINE, false);
    expect(await refused()).toMatch(/can.t be sent now.*Step 3/);
    await central.setFlow(FINE, FINE, true);
    await central.setAccount(FINE, 'false');
    expect(await refused()).toMatch(/can.t be sent now.*Step 1/);
    await central.setAccount(FINE, 'true');
    await command('endpoints', 'disable', String(webhookId));
    expect(await refused()).toMatch(/can.t be sent now.*disabled/);
    await command('endpoints', 'enable', String(webhookId));
    expect((await command('replay', id, '--dry-run')).code).toBe(0);
    const unusable = String(await tell({ accountID: '28abc' }));
    await setStatus(e2e().sms, unusable, 'DELIVERED');
    expect((await command('replay', unusable, '--json')).json()['error']).toMatch(/accountID must/);
    expect((await command('replay', 'nobody')).stderr).toMatch(/There is no SMS/);
    const without = String(await tell({}));
    expect((await command('replay', without)).stderr).toMatch(/no delivery status yet/);
  });

  it.each([
    ['neither an SMS nor a span', []],
    ['an SMS and a span', ['x', '--since', '2026-01-31']],
    ['an SMS and a rate', ['x', '--rate', '5/s']],
    ['a span and a status', ['--since', '2026-01-30', '--until', '2026-01-31', '--status', 'SENT']],
    ['half a span', ['--since', '2026-01-30']],
  ])('is misused with %s', async (_what, args) => {
    expect((await command('replay', ...args, '--json')).code).toBe(2);
  });
});
