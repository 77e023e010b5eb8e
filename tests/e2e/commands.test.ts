import { beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import { redirectTo } from '../support/answer.ts';
import { cliWith, type CliEnd } from '../support/cli.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const ACCOUNT = 28;
const FLOW = 200;
/** Whose endpoint fails, so that something waits. */
const FAILING = 29;

const settings = () => ({ ...e2e().settings, MYSQL_ADMIN_URI: e2e().servers.mysqlUri });

/** Within this process, which spares the start of one for each. */
const command = async (...args: readonly string[]): Promise<CliEnd> =>
  await cliWith(settings(), ...args);

let secret = '';
let webhookId = 0;

beforeAll(async () => {
  const { receiver } = e2e();
  receiver.answer('/failing', { status: 500, body: 'out of order' });
  await command('setup', 'account', String(FAILING), '--enable');
  await command('setup', 'webhook', String(FAILING), '--url', receiver.url('/failing'));
  await command('setup', 'flow', String(FAILING), '--account', String(FAILING), '--enable');
  await e2e().worker({ QUICK_RETRIES: '', RETRY_SCHEDULE: '1h', ROUTE_CACHE_TTL: '1s' });
});

async function tell(fields: Readonly<Record<string, unknown>>): Promise<string> {
  const sms = newSms(fields);
  await e2e().sms.insertOne(sms);
  await setStatus(e2e().sms, sms._id, 'DELIVERED');
  return sms._id;
}

describe('setup', () => {
  it('writes the three settings, of which the worker then knows', async () => {
    const { receiver, record } = e2e();
    const account = await command('setup', 'account', String(ACCOUNT), '--enable', '--json');
    expect(account.json()).toEqual({ accountId: ACCOUNT, enabled: true });
    const url = receiver.url('/hook?key=not-to-be-shown');
    const args = ['webhook', String(ACCOUNT), '--url', url, '--secret', 'generate'];
    const webhook = await command('setup', ...args, '--header', 'X-Team: sms', '--json');
    expect(webhook.json()).toEqual({
      accountId: ACCOUNT,
      webhookId: expect.any(Number),
      replaces: null,
      name: 'default',
      url: receiver.url('/hook'),
      created: true,
      secret: expect.stringMatching(/^whsec_/),
    });
    secret = String(webhook.json()['secret']);
    webhookId = Number(webhook.json()['webhookId']);
    const flow = await command('setup', 'flow', String(FLOW), '--account', '28', '--enable');
    expect(flow).toMatchObject({
      code: 0,
      stdout: 'The SMS of flow 200 of account 28 are notified.\n',
    });

    const id = await tell({ accountID: ACCOUNT, flowId: FLOW });
    expect(await record(id)).toMatchObject({ state: 'delivered', webhookId });
    const [request] = receiver.requests('/hook');
    expect(request?.headers['x-team']).toBe('sms');
    const headers = request?.headers as Record<string, string>;
    expect(new Webhook(secret).verify(request?.body ?? '', headers)).toMatchObject({
      smsDetails: [{ id }],
    });
  });

  it('keeps what is not given when it changes a webhook', async () => {
    const { receiver, central } = e2e();
    const url = receiver.url('/hook');
    const end = await command('setup', 'webhook', String(ACCOUNT), '--url', url, '--json');
    expect(end.json()).toMatchObject({ webhookId, created: false, secret: null });
    const [rows] = await central.connection.query(
      'SELECT url, secret, CAST(headers AS CHAR) AS headers, isDefault FROM Webhook WHERE webhookID = ?',
      [webhookId],
    );
    expect(rows).toEqual([{ url, secret, headers: '{"X-Team":"sms"}', isDefault: 1 }]);
  });

  it('refuses what can not be meant', async () => {
    const foreign = await command('setup', 'flow', String(FLOW), '--account', '29', '--enable');
    expect(foreign.code).toBe(1);
    expect(foreign.stderr).toBe('Flow 200 does not belong to account 29.\n');
    const url = await command('setup', 'webhook', '28', '--url', 'ftp://x', '--json');
    expect(url.code).toBe(1);
    expect(url.json()['error']).toMatch(/its URL is not http or https/);
    const both = await command('setup', 'account', '28', '--enable', '--disable');
    expect(both.code).toBe(2);
    expect(both.stderr).toMatch(/specify either --enable or --disable/);
    const none = await cliWith(e2e().settings, 'setup', 'account', '28', '--enable');
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(/MYSQL_ADMIN_URI is not set/);
  });
});

describe('test', () => {
  it('calls the default webhook once, signed, and writes nothing', async () => {
    const { receiver, sms } = e2e();
    receiver.answer('/hook', { status: 202, body: 'noted' });
    const before = receiver.requests('/hook').length;
    const end = await command('test', String(ACCOUNT), '--json');
    expect(end.json()).toMatchObject({
      webhookId,
      isSigned: true,
      delivered: true,
      statusCode: 202,
      error: null,
      response: 'noted',
    });
    expect(end.code).toBe(0);
    const request = receiver.requests('/hook').at(-1);
    expect(receiver.requests('/hook')).toHaveLength(before + 1);
    const headers = request?.headers as Record<string, string>;
    expect(headers['webhook-id']).toMatch(/^test-.*:DELIVERED$/);
    expect(new Webhook(secret).verify(request?.body ?? '', headers)).toMatchObject({
      smsDetails: [{ accountID: ACCOUNT, deliveryStatus: 'DELIVERED' }],
    });
    expect(await sms.countDocuments({ _id: /^test-/ })).toBe(0);
  });

  it('says where a redirect leads, without its query', async () => {
    const { receiver } = e2e();
    receiver.answer('/hook', redirectTo(receiver.url('/elsewhere?token=t')));
    const end = await command('test', String(ACCOUNT));
    receiver.answer('/hook', { status: 202, body: 'noted' });
    expect(end.stdout).toMatch(/^status +302$/m);
    expect(end.stdout).toContain(`${receiver.url('/elsewhere')}: not followed`);
    expect(end.stdout).not.toContain('token');
    expect(end.code).toBe(1);
    expect(receiver.requests('/elsewhere')).toEqual([]);
  });

  it('says what a server answered that does not take it', async () => {
    const end = await command('test', String(FAILING));
    expect(end.stdout).toMatch(/^status +500$/m);
    expect(end.stdout).toMatch(/^response +out of order$/m);
    expect(end.code).toBe(1);
    const unknown = await command('test', '99', '--json');
    expect(unknown.code).toBe(1);
    expect(unknown.json()['error']).toMatch(/no row for account 99/);
    expect((await command('test', '28abc')).code).toBe(2);
  });
});

describe('explain', () => {
  it('tells what was delivered, and with which answer', async () => {
    e2e().receiver.answer('/hook', { body: 'thanks' });
    const id = await tell({ accountID: ACCOUNT, flowId: FLOW });
    await e2e().record(id);
    const end = await command('explain', id, '--json');
    expect(end.json()).toMatchObject({
      explanation: 'It ended as delivered, after 1 call.',
      chain: ['status', 'step 1', 'step 2', 'step 3', 'calls', 'record'].map((link) => ({
        ...{ link, state: 'ok' },
      })),
      advice: { obstacle: null, commands: [`npm run cli -- replay ${id}`] },
      notificationId: `${id}:DELIVERED`,
      route: { isOptedIn: true, webhookId, isFlowEnabled: true, isEndpointDisabled: false },
      record: { state: 'delivered', response: 'thanks' },
      ended: [{ notificationId: `${id}:DELIVERED`, state: 'delivered' }],
      parked: [],
    });
    const text = await command('explain', id);
    expect(text.stdout).toMatch(/^Calls +ok: Delivered .* by call 1: HTTP 200\.$/m);
    expect(text.stdout).toMatch(/^step 3, flow enabled +yes$/m);
    expect(text.stdout).toMatch(/^response +thanks$/m);
    expect(text.stdout).not.toContain('919999999999');
  });

  it('tells what waits, and since which answer', async () => {
    const id = await tell({ accountID: FAILING, flowId: FAILING });
    await e2e().record(id, ({ state }) => state === 'retrying');
    const end = await command('explain', id, '--json');
    expect(end.json()['explanation']).toMatch(/^It waits for attempt 2, due .* \(in \d/);
    expect(end.json()['parked']).toMatchObject([{ attempts: 1, lastStatusCode: 500 }]);
  });

  it.each([
    ['an account that has not opted in', { accountID: 97, flowId: 1 }, /^Step 1: account 97/],
    [
      'a flow that is not enabled',
      { accountID: 28, flowId: 1 },
      /flow_webhook_disabled, after no call/,
    ],
    ['an account that is none', { accountID: '28abc' }, /unusable_document, after no call/],
  ])('names what keeps it from being notified: %s', async (_what, fields, says) => {
    const id = await tell(fields);
    const notified = await until('the worker has passed it', async () => {
      const end = await command('explain', id, '--json');
      return says.test(String(end.json()['explanation'])) ? end : null;
    });
    expect(notified.code).toBe(0);
  });

  it('finds nothing for what is not there', async () => {
    const end = await command('explain', 'nobody', '--json');
    expect(end.code).toBe(1);
    expect(end.json()['error']).toMatch(/no SMS with the _id "nobody"/);
  });
});

describe('status', () => {
  it('tells how far the worker is, and what waits', async () => {
    const end = await command('status', '--json');
    expect(end.json()).toMatchObject({
      checkpoints: [{ partition: '0', lagSeconds: expect.any(Number) }],
      retries: { pending: 1 },
      endpointsDisabled: 0,
      leases: [{ partition: '0', isHeld: true }],
      gaps: [],
      jobs: [],
    });
    const text = await command('status');
    expect(text.stdout).toMatch(/^retries +1 pending/m);
    expect(text.stdout).toMatch(/^worker +\S+ is active on partition 0/m);
  });
});

describe('retries', () => {
  it('shows what waits, and has it called now', async () => {
    const { receiver } = e2e();
    const end = await command('retries', 'list', '--account', String(FAILING), '--json');
    expect(end.json()).toMatchObject({
      count: 1,
      retries: [{ accountId: FAILING, attempts: 1, lastStatusCode: 500, isClaimed: false }],
    });
    expect((await command('retries', 'list', '--account', '1')).stdout).toBe(
      'Nothing is waiting.\n',
    );
    const before = receiver.requests('/failing').length;
    const dry = await command('retries', 'run', '--account', String(FAILING), '--dry-run');
    expect(dry.stdout).toBe('1 notification would be made due.\n');
    expect(receiver.requests('/failing')).toHaveLength(before);
    const none = await command('retries', 'run', '--webhook', '9999', '--json');
    expect(none.json()).toMatchObject({ dryRun: false, due: 0, obstacles: [] });
    receiver.answer('/failing', { status: 200 });
    const run = await command('retries', 'run', '--account', String(FAILING), '--json');
    expect(run.json()).toMatchObject({ dryRun: false, due: 1, obstacles: [] });
    await until('it is called', () => receiver.requests('/failing').length > before);
    expect((await command('retries', 'run', '--limit')).code).toBe(2);
  });
});

describe('endpoints', () => {
  it('has one disabled, shows it, and has it enabled again', async () => {
    const { record } = e2e();
    const disable = await command('endpoints', 'disable', String(webhookId), '--json');
    expect(disable.json()).toMatchObject({ disabled: true });
    const listed = await command('endpoints', 'list', '--json');
    expect(listed.json()).toMatchObject({
      endpoints: [{ webhookId, reason: 'endpoint_disabled' }],
    });
    expect((await command('endpoints', 'list')).stdout).toMatch(/^webhook +url +reason +since$/m);
    await until('the worker knows', async () => {
      const id = await tell({ accountID: ACCOUNT, flowId: FLOW });
      const shown = (await record(id, ({ state }) => state !== 'retrying')) as { state: string };
      return shown.state === 'failed';
    });
    const enable = await command('endpoints', 'enable', String(webhookId), '--json');
    expect(enable.json()).toEqual({ webhookId: String(webhookId), enabled: 1 });
    const again = await command('endpoints', 'enable', String(webhookId));
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toMatch(/was disabled/);
    const unknown = await command('endpoints', 'disable', '9999');
    expect(unknown).toMatchObject({ code: 1, stderr: 'There is no webhook 9999.\n' });
  });
});
