import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAuthority, type Authority } from '../../support/certificates.ts';
import { cliWith } from '../../support/cli.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';
import { listenLocally } from '../../support/listenLocally.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';

const e2e = useEndToEnd(import.meta.url);
let authority: Authority;
let untrusted: Receiver;
const closes = createServer((socket) => void socket.on('error', () => undefined).end());
let withoutColumn = '';
let ofOtherTable = '';

/** Each account has its own trouble; the flow has the account's number. */
const fine = 1;
const accounts = {
  off: 2,
  noWebhook: 3,
  otherFlow: 4,
  flowOff: 5,
  noUrl: 6,
  badHeaders: 7,
  badSecret: 8,
  disabled: 9,
  noName: 10,
  privateAddress: 11,
  refused: 12,
  untrusted: 13,
  closes: 14,
  unknown: 99,
} as const;

beforeAll(async () => {
  const { central, receiver, servers, settings } = e2e();
  authority = await createAuthority();
  untrusted = await startReceiver({ tls: await authority.issue('IP:127.0.0.1') });
  const { optIn } = central;
  const url = receiver.url('/');
  await optIn(fine, fine, { url, secret: `whsec_${'a'.repeat(32)}` });
  await optIn(accounts.off, accounts.off, { url });
  await central.setAccount(accounts.off, 'yes');
  await central.setAccount(accounts.noWebhook, 'true');
  await central.setFlow(accounts.noWebhook, accounts.noWebhook, true);
  await optIn(accounts.otherFlow, accounts.otherFlow, { url });
  await central.setFlow(accounts.otherFlow, fine, true);
  await optIn(accounts.flowOff, accounts.flowOff, { url });
  await central.setFlow(accounts.flowOff, accounts.flowOff, false);
  await optIn(accounts.noUrl, accounts.noUrl, { url: 'ftp://example.com/' });
  await optIn(accounts.badHeaders, accounts.badHeaders, { url, headers: { 'not a token': 'x' } });
  await optIn(accounts.badSecret, accounts.badSecret, { url, secret: 'secret' });
  const webhookId = await central.setDefaultWebhook(accounts.disabled, { url });
  await optIn(accounts.disabled, accounts.disabled, { url });
  await optIn(accounts.noName, accounts.noName, { url: 'http://nobody.invalid/' });
  await optIn(accounts.privateAddress, accounts.privateAddress, { url: 'http://10.0.0.1/' });
  await optIn(accounts.refused, accounts.refused, { url: 'http://127.0.0.1:1/' });
  await optIn(accounts.untrusted, accounts.untrusted, { url: untrusted.url('/') });
  const closesAt = `http://127.0.0.1:${await listenLocally(closes)}/`;
  await optIn(accounts.closes, accounts.closes, { url: closesAt });
  expect(webhookId).toBeGreaterThan(0);
  const disabledId = await idOf(accounts.disabled);
  const disable = await cliWith(settings, 'endpoints', 'disable', String(disabledId));
  expect(disable).toMatchObject({ code: 0, stderr: '' });
  await servers.db.createCollection('aView', { viewOn: 'SMSDetailDocument', pipeline: [] });
  withoutColumn = join(tmpdir(), `${servers.database}.column.sql`);
  await writeFile(withoutColumn, 'SELECT 1 AS webhook_id WHERE :accountId = :flowId');
  ofOtherTable = join(tmpdir(), `${servers.database}.table.sql`);
  await writeFile(ofOtherTable, 'SELECT * FROM Nothing WHERE a = :accountId AND f = :flowId');
});
afterAll(async () => {
  closes.close();
  await untrusted.close();
  await authority.close();
});

async function idOf(accountId: number): Promise<number> {
  const [rows] = await e2e().central.connection.query(
    'SELECT webhookID FROM Webhook WHERE accountID = ? AND isDefault = 1',
    [accountId],
  );
  return (rows as { readonly webhookID: number }[])[0]?.webhookID ?? 0;
}

const ofAccount = (id: number): readonly string[] => [
  '--account',
  String(id),
  '--flow',
  String(id),
];

interface Broken {
  readonly what: string;
  readonly link: string;
  readonly says: RegExp;
  readonly settings?: () => Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

const broken: readonly Broken[] = [
  {
    what: 'a setting that is missing',
    link: 'settings',
    says: /MYSQL_URI is not set/,
    settings: () => ({ MYSQL_URI: '' }),
  },
  {
    what: 'a MongoDB that is not there',
    link: 'mongodb',
    says: /does not answer.*MONGODB_URI/,
    settings: () => ({ MONGODB_URI: 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300' }),
  },
  {
    what: 'a view in place of a collection',
    link: 'mongodb',
    says: /is a view/,
    settings: () => ({ MONGODB_COLLECTION: 'aView' }),
  },
  {
    what: 'a MySQL that is not there',
    link: 'mysql',
    says: /MySQL does not answer/,
    settings: () => ({ MYSQL_URI: 'mysql://root@127.0.0.1:1/central', MYSQL_CA_FILE: '' }),
  },
  {
    what: 'a user whom MySQL does not know',
    link: 'mysql',
    says: /MySQL refuses.*user and password/,
    settings: () => ({
      MYSQL_URI: e2e().settings['MYSQL_URI']?.replace(/\/\/[^@]*@/, '//nobody:wrong@') ?? '',
    }),
  },
  {
    what: 'a route query without a column',
    link: 'mysql',
    says: /does not return the columns notify_on_delivery/,
    settings: () => ({ MYSQL_ROUTE_QUERY_FILE: withoutColumn }),
  },
  {
    what: 'a route query for a table that there is not',
    link: 'mysql',
    says: /does not fit the database/,
    settings: () => ({ MYSQL_ROUTE_QUERY_FILE: ofOtherTable }),
  },
  {
    what: 'an account without settings',
    link: 'step 1',
    says: /no row for it.*setup account 99 --enable/,
    args: ofAccount(accounts.unknown),
  },
  {
    what: 'an account that has not opted in',
    link: 'step 1',
    says: /is not "true".*setup account 2 --enable/,
    args: ofAccount(accounts.off),
  },
  {
    what: 'an account without a default webhook',
    link: 'step 2',
    says: /no default webhook.*setup webhook 3/,
    args: ofAccount(accounts.noWebhook),
  },
  {
    what: 'a flow of another account',
    link: 'step 3',
    says: /belongs to another account/,
    args: ofAccount(accounts.otherFlow),
  },
  {
    what: 'a flow whose webhook is not enabled',
    link: 'step 3',
    says: /setup flow 5 --account 5 --enable/,
    args: ofAccount(accounts.flowOff),
  },
  {
    what: 'a URL that is none for a webhook',
    link: 'webhook',
    says: /its URL is not http or https/,
    args: ofAccount(accounts.noUrl),
  },
  {
    what: 'headers that can not be sent',
    link: 'webhook',
    says: /header 1 is not a token/,
    args: ofAccount(accounts.badHeaders),
  },
  {
    what: 'a secret that is none',
    link: 'webhook',
    says: /its secret is not whsec_/,
    args: ofAccount(accounts.badSecret),
  },
  {
    what: 'an endpoint that is disabled',
    link: 'endpoint',
    says: /is disabled.*endpoints enable/,
    args: ofAccount(accounts.disabled),
  },
  {
    what: 'a host that has no address',
    link: 'endpoint',
    says: /dns_error.*name servers/,
    args: ofAccount(accounts.noName),
  },
  {
    what: 'an address that is not public',
    link: 'endpoint',
    says: /blocked_address.*EGRESS_ALLOW_CIDRS/,
    args: ofAccount(accounts.privateAddress),
  },
  {
    what: 'a port that nobody listens on',
    link: 'endpoint',
    says: /connection_refused.*start the receiver/,
    args: ofAccount(accounts.refused),
  },
  {
    what: 'a certificate nobody vouches for',
    link: 'endpoint',
    says: /tls_error.*NODE_EXTRA_CA_CERTS/,
    args: ofAccount(accounts.untrusted),
  },
  {
    what: 'a receiver that closes each connection at once',
    link: 'endpoint',
    says: /connection_reset.*before it is sent anything.*its log/,
    args: ofAccount(accounts.closes),
  },
];

describe('check', () => {
  it.each(broken)('names $what, as the first broken link', async (each) => {
    const settings = { ...e2e().settings, ...each.settings?.() };
    const args = ['check', ...(each.args ?? [])];
    const end = await cliWith(settings, ...args, '--json');
    const { findings, ...verdict } = end.json() as { findings: Record<string, string>[] };
    expect(verdict).toEqual({ ok: false, broken: each.link });
    const last = findings.at(-1);
    expect(last).toMatchObject({ check: each.link, status: 'failed' });
    expect(last?.['detail']).toMatch(each.says);
    expect(findings.slice(0, -1).filter(({ status }) => status === 'failed')).toEqual([]);
    expect(end.code).toBe(1);
  });

  it('reports nothing if nothing is broken', async () => {
    const end = await cliWith(e2e().settings, 'check', ...ofAccount(fine), '--json');
    const { findings, ...verdict } = end.json() as { findings: Record<string, string>[] };
    expect(verdict).toEqual({ ok: true, broken: null });
    const passed = findings.filter(({ status }) => status === 'ok').map(({ check }) => check);
    expect(passed).toEqual(
      expect.arrayContaining(['settings', 'mongodb', 'mysql', 'step 1', 'step 2', 'step 3']),
    );
    expect(passed.slice(-2)).toEqual(['webhook', 'endpoint']);
    expect(end.code).toBe(0);
    // Nothing was sent.
    expect(e2e().receiver.requests()).toEqual([]);
  });

  it('leaves a disabled endpoint to test, which still calls it', async () => {
    const before = e2e().receiver.requests().length;
    const end = await cliWith(e2e().settings, 'test', String(accounts.disabled), '--json');
    expect(end.json()).toMatchObject({ delivered: true, statusCode: 200 });
    expect(e2e().receiver.requests()).toHaveLength(before + 1);
    const again = await cliWith(e2e().settings, 'check', ...ofAccount(accounts.disabled), '--json');
    expect(again.json()).toMatchObject({ broken: 'endpoint' });
  });

  it('also reports it as text', async () => {
    const end = await cliWith(e2e().settings, 'check', '--account', String(accounts.off));
    expect(end.stdout).toMatch(/^ok +settings/m);
    expect(end.stdout).toMatch(/^FAILED +step 1 +account 2 has not opted in/m);
    expect(end.stdout).toMatch(/The first broken link is "step 1"\.\n$/);
    expect(end.code).toBe(1);
  });

  it('requires an account with a flow', async () => {
    const end = await cliWith(e2e().settings, 'check', '--flow', '1', '--json');
    expect(end).toMatchObject({ code: 2 });
    expect(end.json()).toEqual({ error: 'error: --flow requires --account' });
  });
});
