import { beforeEach, describe, expect, it } from '@jest/globals';
import { useConsole } from '../../support/useConsole.ts';

const world = useConsole(import.meta.url);
const url = 'https://customer.example/hook?token=s3cret';
const secret = `whsec_${'a'.repeat(32)}`;
const forms = /<form[^>]*method="post"[^>]*action="(\/accounts[^"]*)"/g;
const actsOf = (html: string): readonly string[] =>
  [...html.matchAll(forms)].map(([, path = '']) => path);

beforeEach(async () => {
  const { central } = world();
  for (const table of ['Accountconfig', 'Webhook', 'Flow']) {
    await central.connection.query(`DELETE FROM ${table}`);
  }
  await central.optIn(28, 200, { url, secret, headers: { 'X-Team': 'v4lue' } });
  await central.setFlow(300, 29, false);
});

describe("an account's page", () => {
  it('shows the three steps as they are set, to whoever may look, and nothing secret', async () => {
    const page = await world().app.get('/accounts/28', 'viewer');
    expect(page.status).toBe(200);
    expect(page.text).toContain('The account is notified. account.sms.notifyOnDelivery is "true"');
    expect(page.text).toContain('https://customer.example/hook');
    expect(page.text).toContain('X-Team');
    expect(page.html).toContain('href="/accounts/28/statistics"');
    expect(page.text).toContain('On for 1 of 1 flow.');
    expect(page.html).not.toMatch(/s3cret|whsec_|v4lue/);
    expect(actsOf(page.html)).toEqual([]);
  });

  it('offers what helps to support, and what changes the steps to editors', async () => {
    const forSupport = actsOf((await world().app.get('/accounts/28', 'support')).html);
    expect(forSupport).toEqual(['/accounts/28/test', '/accounts/28/retries']);
    const forEditors = actsOf((await world().app.get('/accounts/28', 'editor')).html);
    expect(forEditors).toEqual([
      ...['/accounts/28/opt-in', '/accounts/28/webhooks', '/accounts/28/flows'],
      ...['/accounts/28/flows', '/accounts/28/test', '/accounts/28/retries'],
    ]);
  });

  it('says what is missing of an account that has nothing', async () => {
    const page = await world().app.get('/accounts/31');
    expect(page.text).toContain('account.sms.notifyOnDelivery is not set');
    expect(page.text).toContain('The account has no webhook, so nothing is sent: add one.');
    expect(page.text).toContain('No flow of this account has a row');
  });

  it('finds one flow among many', async () => {
    await world().central.setFlow(201, 28, false);
    const page = await world().app.get('/accounts/28?flow=201', 'viewer');
    expect(page.text).toContain('201 flow 201 off');
    expect(page.text).not.toContain('200 flow 200');
  });

  it.each(['/accounts/28x', '/accounts/%2428', '/accounts/28?flow=1%20OR%201', '/accounts?id=x'])(
    'is none for %s',
    async (path) => {
      const page = await world().app.get(path);
      expect(page.status).toBe(409);
      expect(page.text).toContain('must be a number');
    },
  );

  it('shows what customers have written as text', async () => {
    await world().central.connection.query(
      "UPDATE Flow SET name = '<script>alert(1)</script>' WHERE flowID = 200",
    );
    const { html, text } = await world().app.get('/accounts/28');
    expect(html).not.toContain('<script>alert');
    expect(text).toContain('200 <script>alert(1)</script>');
  });
});

describe('step 1', () => {
  it('is switched, after the audit has it', async () => {
    const page = await world().app.act('/accounts/28/opt-in', { enabled: 'no' });
    expect(page).toMatchObject({ status: 200, to: '/accounts/28#step-1' });
    expect(page.text).toContain('Account 28 is not notified of delivery statuses. Workers apply');
    const sql = 'SELECT `account.sms.notifyOnDelivery` AS value FROM Accountconfig';
    expect(await world().rowsOf(sql)).toEqual([{ value: 'false' }]);
    expect(await world().audited()).toEqual([
      { user: 'asha', what: 'switch step 1 off', on: 'account 28' },
    ]);
  });

  it.each(['viewer', 'support'] as const)('is not switched by a %s', async (role) => {
    const page = await world().app.act('/accounts/28/opt-in', { enabled: 'no' }, role);
    expect(page.status).toBe(403);
    expect(page.text).toContain('This needs the role "editor"');
    const sql = 'SELECT `account.sms.notifyOnDelivery` AS value FROM Accountconfig';
    expect(await world().rowsOf(sql)).toEqual([{ value: 'true' }]);
    expect(await world().audited()).toEqual([]);
  });

  it('is switched to what was asked for only', async () => {
    const page = await world().app.act('/accounts/28/opt-in', { enabled: 'maybe' });
    expect(page.status).toBe(409);
    expect(page.text).toContain('Whether it is to be on must be "yes" or "no"');
    expect(await world().audited()).toEqual([]);
  });
});

describe('step 3', () => {
  it('is switched for a flow, whose row is added where there is none', async () => {
    await world().app.act('/accounts/28/flows', { flowId: '200', enabled: 'no' });
    const page = await world().app.act('/accounts/28/flows', { flowId: '201', enabled: 'yes' });
    expect(page.text).toContain('The SMS of flow 201 are notified.');
    const sql = 'SELECT flowID, webhookEnabled FROM Flow WHERE accountID = 28 ORDER BY flowID';
    expect(await world().rowsOf(sql)).toEqual([
      { flowID: 200, webhookEnabled: 0 },
      { flowID: 201, webhookEnabled: 1 },
    ]);
  });

  it("is not switched for another account's flow", async () => {
    const page = await world().app.act('/accounts/28/flows', { flowId: '300', enabled: 'yes' });
    expect(page.status).toBe(409);
    expect(page.text).toContain('Flow 300 does not belong to account 28.');
    const sql = 'SELECT accountID, webhookEnabled FROM Flow WHERE flowID = 300';
    expect(await world().rowsOf(sql)).toEqual([{ accountID: 29, webhookEnabled: 0 }]);
  });

  it('needs the number of a flow', async () => {
    const empty = await world().app.act('/accounts/28/flows', { flowId: '', enabled: 'yes' });
    expect(empty.text).toContain('The flow is missing: fill it in.');
    const odd = await world().app.act('/accounts/28/flows', { flowId: '2 00', enabled: 'yes' });
    expect(odd.text).toContain('The flow must be a number.');
  });
});

describe('without MYSQL_ADMIN_URI', () => {
  it('the steps are read as the worker reads them, and nothing can be changed', async () => {
    const app = world().another({});
    const page = await app.get('/accounts/28');
    expect(page.text).toContain('by the user in MYSQL_URI. MYSQL_ADMIN_URI is not set');
    expect(page.text).toContain('On for 1 of 1 flow.');
    expect(actsOf(page.html)).toEqual(['/accounts/28/test', '/accounts/28/retries']);
    const refused = await app.act('/accounts/28/opt-in', { enabled: 'no' });
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('because MYSQL_ADMIN_URI is not set');
  });

  it('other tables are read by the route query', async () => {
    const { central } = world();
    await central.connection.query('ALTER TABLE Flow ADD COLUMN changedBy TEXT');
    try {
      const page = await world().another({}).get('/accounts/28?flow=200', 'viewer');
      expect(page.text).toMatch(/Read by the route query .*has more columns: changedBy/);
      expect(page.text).toContain('https://customer.example/hook');
      expect(page.text).toContain('The webhook is on for flow 200.');
      expect(page.html).not.toMatch(/s3cret|whsec_/);
      const changed = await world().app.act('/accounts/28/flows', { flowId: '1', enabled: 'yes' });
      expect(changed.text).toContain('does not have the reference tables');
    } finally {
      await central.connection.query('ALTER TABLE Flow DROP COLUMN changedBy');
    }
  });
});

it('while MySQL does not answer, the page says so and shows the rest', async () => {
  const page = await world()
    .another({ MYSQL_URI: 'mysql://root@127.0.0.1:1/x' })
    .get('/accounts/28');
  expect(page.status).toBe(200);
  expect(page.text).toContain('MySQL does not answer');
  expect(page.text).toContain('Recent notifications');
});
