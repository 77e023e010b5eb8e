import { beforeEach, describe, expect, it } from '@jest/globals';
import { useConsole } from '../../support/useConsole.ts';

const world = useConsole(import.meta.url);
const secret = (letter: string): string => `whsec_${letter.repeat(32)}`;
const kept = { url: 'https://one.example/hook?token=s3cret', secret: secret('a') };

const webhooksOf = async (accountId = 28) =>
  await world().rowsOf(
    `SELECT name, url, CAST(headers AS CHAR) AS headers, secret, isDefault FROM Webhook WHERE accountID = ${accountId} ORDER BY webhookID`,
  );
const [one, other] = [
  { ...kept, name: 'default', headers: '{"X-Team":"sms"}', isDefault: 1 },
  { url: 'https://two.example/', name: 'second', headers: null, secret: null, isDefault: 0 },
];

let webhookId = 0;
let secondId = 0;
const pathOf = (id = webhookId): string => `/accounts/28/webhooks/${id}`;

beforeEach(async () => {
  const { central } = world();
  await central.connection.query('DELETE FROM Webhook');
  webhookId = await central.setDefaultWebhook(28, { ...kept, headers: { 'X-Team': 'sms' } });
  const [{ insertId }] = (await central.connection.query(
    "INSERT INTO Webhook (accountID, name, url) VALUES (28, 'second', 'https://two.example/')",
  )) as unknown as [{ insertId: number }];
  secondId = insertId;
});

describe('a webhook', () => {
  it('is added beside the default one, with a secret that is shown once', async () => {
    const page = await world().app.act('/accounts/28/webhooks', {
      ...{ url: 'https://new.example/?k=hidden', name: 'third', sign: 'yes' },
      headers: 'X-Team: sms\r\n\r\nauthorization: Bearer a:b\r\n',
    });
    expect(page.status).toBe(200);
    const [shown] = /whsec_[\w+/]{43}=/.exec(page.text) ?? [];
    expect((await webhooksOf()).at(-1)).toEqual({
      ...{ name: 'third', url: 'https://new.example/?k=hidden', isDefault: 0 },
      headers: '{"X-Team":"sms","authorization":"Bearer a:b"}',
      secret: shown,
    });
    expect((await webhooksOf()).slice(0, 2)).toEqual([one, other]);
    expect((await world().app.get('/accounts/28')).html).not.toContain(shown);
    const said = JSON.stringify([await world().audited(), world().app.logger.lines]);
    expect(said).toContain('account 28, webhook \\"third\\"');
    expect(said).not.toMatch(/whsec_|hidden|Bearer/);
  });

  it('is added as the default, in place of the one before', async () => {
    const entry = { url: 'https://new.example/', name: 'third', default: 'yes' };
    const page = await world().app.act('/accounts/28/webhooks', entry);
    expect(page.text).toMatch(/"third" .*, which is the default now\. It replaces webhook \d+ "d/);
    const all = await webhooksOf();
    expect(all.map(({ isDefault }) => isDefault)).toEqual([0, 0, 1]);
    expect(all.at(-1)).toMatchObject({ secret: null, headers: null });
  });

  it.each([
    ['a URL', { name: 'third' }, 'The URL is missing'],
    ['a name', { url: 'https://x.example/' }, 'The name is missing'],
    ['a usable URL', { url: 'ftp://x.example/', name: 'third' }, 'its URL is not http or https'],
    [
      'a name of its own',
      { url: 'https://x.example/', name: 'Second' },
      'has a webhook with the name "Second" already',
    ],
    [
      'headers with names',
      { url: 'https://x.example/', name: 'third', headers: 'X-A: 1\nsecret token' },
      'Header 2 must have the form',
    ],
    [
      'headers of its own',
      { url: 'https://x.example/', name: 'third', headers: 'Host: x' },
      'The header Host is set by the worker',
    ],
    [
      'a name that fits',
      { url: 'https://x.example/', name: 'n'.repeat(191) },
      'The name must have at most 190 characters',
    ],
    [
      'a URL that fits',
      { url: `https://x.example/${'p'.repeat(2_048)}`, name: 'third' },
      'The URL must have at most 2048 characters',
    ],
  ])('needs %s', async (_what, entry: Readonly<Record<string, string>>, says) => {
    const page = await world().app.act('/accounts/28/webhooks', { ...entry, default: 'yes' });
    expect(page.status).toBe(409);
    expect(page.text).toContain(says);
    expect(page.html).not.toContain('secret token');
    expect(await webhooksOf()).toEqual([one, other]);
  });

  it('is changed in what is filled in, and keeps the rest', async () => {
    const page = await world().app.act(pathOf(), { url: 'https://moved.example/', name: '' });
    expect(page.to).toBe(pathOf());
    expect(page.text).toMatch(
      /Changed URL of webhook \d+ "default" \(https:\/\/moved\.example\/\)/,
    );
    await world().app.act(pathOf(secondId), { name: 'b', headers: 'X-B: 1' });
    await world().app.act(pathOf(), { headers: 'none' });
    expect(await webhooksOf()).toEqual([
      { ...one, url: 'https://moved.example/', headers: null },
      { ...other, name: 'b', headers: '{"X-B":"1"}' },
    ]);
    expect((await world().audited()).map(({ what }) => what)).toEqual([
      'change webhook: URL',
      'change webhook: name, headers',
      'change webhook: headers',
    ]);
  });

  it('keeps its name where another one has it, and changes nothing for nothing', async () => {
    const taken = await world().app.act(pathOf(secondId), { name: 'default', url: '' });
    expect(taken.text).toContain('has a webhook with the name "default" already');
    const nothing = await world().app.act(pathOf(), { url: ' ', name: '', headers: '\n' });
    expect(nothing.text).toContain('Nothing was filled in');
    expect(await webhooksOf()).toEqual([one, other]);
  });

  it('becomes the default without another change', async () => {
    const page = await world().app.act(`${pathOf(secondId)}/default`);
    expect(page.text).toMatch(/The default is now webhook \d+ "second" .* in place of webhook \d+/);
    expect(await webhooksOf()).toEqual([
      { ...one, isDefault: 0 },
      { ...other, isDefault: 1 },
    ]);
    const again = await world().app.act(`${pathOf(secondId)}/default`);
    expect(again.text).not.toContain('in place of');
  });

  it.each([
    ['/default', {}],
    ['', { url: 'https://evil.example/' }],
    ['/secret', { act: 'rotate' }],
    ['/secret', { act: 'remove' }],
  ])("is not changed as another account's: %s", async (act, fields: Record<string, string>) => {
    const page = await world().app.act(`/accounts/29/webhooks/${webhookId}${act}`, fields);
    expect(page.status).toBe(409);
    expect(page.text).toContain(`Account 29 has no webhook ${webhookId}.`);
    expect(await webhooksOf()).toEqual([one, other]);
  });

  it('is shown without what is secret, and to viewers without what changes it', async () => {
    const { html, text } = await world().app.get(pathOf(), 'viewer');
    expect(text).toContain('https://one.example/hook');
    expect(text).toContain('Headers X-Team');
    expect(html).not.toMatch(/s3cret|whsec_|method="post" action="\/accounts/);
    expect((await world().app.get('/accounts/29/webhooks/1')).text).toContain('has no webhook 1');
  });
});

describe('a secret', () => {
  const secrets = async (): Promise<readonly unknown[]> =>
    (await webhooksOf()).map((row) => row['secret']);
  const change = async (act: string, id = webhookId) =>
    await world().app.act(`${pathOf(id)}/secret`, { act });

  it('is rotated, shown once, and the older one retired', async () => {
    const rotated = await change('rotate');
    const [fresh = ''] = /whsec_[\w+/]{43}=/.exec(rotated.text) ?? [];
    expect(await secrets()).toEqual([`${secret('a')} ${fresh}`, null]);
    expect((await change('rotate')).text).toContain('has 2 secrets already');
    const retired = await change('retire');
    expect(retired.to).toBe(pathOf());
    expect(retired.text).toContain('now signed with the newest secret only');
    expect(await secrets()).toEqual([fresh, null]);
    expect(retired.html).not.toContain(fresh);
  });

  it('is made for a webhook that has none, and removed again', async () => {
    const made = await change('rotate', secondId);
    expect(made.text).toContain('are signed with this secret');
    expect((await secrets())[1]).toMatch(/^whsec_[\w+/]{43}=$/);
    expect((await change('remove', secondId)).text).toContain('are not signed any more');
    expect(await secrets()).toEqual([secret('a'), null]);
  });

  it('replaces one that can not be used', async () => {
    const { central } = world();
    await central.connection.query("UPDATE Webhook SET secret = 'w0rd' WHERE name = 'second'");
    const page = await world().app.get(pathOf(secondId));
    expect(page.text).toContain("Its secret can't be used");
    expect(page.html).not.toContain('w0rd');
    const made = await change('generate', secondId);
    expect(made.text).toContain((await secrets())[1]);
  });

  it.each(['', 'none', 'constructor'])('is not changed by %j', async (act) => {
    const page = await change(act);
    expect(page.status).toBe(409);
    expect(page.text).toContain('What to do with the secret');
    expect(await secrets()).toEqual([secret('a'), null]);
    expect(await world().audited()).toEqual([]);
  });
});
