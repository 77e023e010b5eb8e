import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms, setStatus } from '../../../scripts/harness/smsPlatform.ts';
import { cliWith } from '../../support/cli.ts';
import { runInColumns } from '../../support/commands.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';
import { until } from '../../support/until.ts';

const run = promisify(execFile);
const e2e = useEndToEnd(import.meta.url);
const settings = () => ({ ...e2e().settings, MYSQL_ADMIN_URI: e2e().servers.mysqlUri });
const SOME_URL = 'https://customer.example/hook';

beforeAll(async () => {
  await e2e().worker({ QUICK_RETRIES: '', RETRY_SCHEDULE: '', ROUTE_CACHE_TTL: '1s' });
});

interface Case {
  readonly what: string;
  readonly reason: string;
  readonly obstacle: string;
  /** Brings about that it ends so. */
  spoil(account: number): Promise<unknown>;
}

const cases: readonly Case[] = [
  {
    what: 'without a default webhook',
    reason: 'no_default_webhook',
    obstacle: 'no_default_webhook',
    spoil: async (account) => {
      await e2e().central.connection.query('DELETE FROM Webhook WHERE accountID = ?', [account]);
    },
  },
  {
    what: 'with the flow switched off',
    reason: 'flow_webhook_disabled',
    obstacle: 'flow_webhook_disabled',
    spoil: async (account) => await e2e().central.setFlow(account, account, false),
  },
  {
    what: 'with a URL that is none',
    reason: 'invalid_webhook',
    obstacle: 'invalid_webhook',
    spoil: async (account) =>
      await e2e().central.setDefaultWebhook(account, { url: 'ftp://customer.example/' }),
  },
  {
    what: 'whose receiver has answered 410',
    reason: 'endpoint_gone',
    obstacle: 'endpoint_disabled',
    spoil: async () =>
      await Promise.resolve(e2e().receiver.answer('/hook', [{ status: 410 }, { status: 200 }])),
  },
];

/** As an operator would who copies what is printed. */
async function inShell(line: string): Promise<string> {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, ...settings() };
  return (await run('bash', ['-c', line], { env })).stdout;
}

describe('what explain advises', () => {
  it.each(cases.map((each, index) => ({ ...each, account: 300 + index })))(
    'works as printed: $what',
    async ({ account, reason, obstacle, spoil }) => {
      const { central, receiver, sms, record } = e2e();
      const url = receiver.url('/hook');
      await central.optIn(account, account, { url });
      await spoil(account);
      const _id = `it's ${account} / $(id); "x"`;
      await sms.insertOne({ ...newSms({ accountID: account, flowId: account }), _id });
      await setStatus(sms, _id, 'DELIVERED');
      expect(await record(_id)).toMatchObject({ reason });
      const before = await cliWith(settings(), 'explain', _id, '--json');
      const { advice } = before.json() as {
        advice: { obstacle: string; text: string; commands: string[] };
      };
      expect(advice.obstacle).toBe(obstacle);
      expect(advice.commands.at(-1)).toContain(' replay ');
      for (const columns of [80, 160]) {
        const shown = await runInColumns(columns, settings(), ['explain', _id]);
        const printed = shown.stdout.replaceAll('\r', '').replaceAll(/ \\\n {4}/g, ' ');
        for (const line of advice.commands) expect(printed).toContain(`  ${line}\n`);
      }
      for (const line of advice.commands) await inShell(line.replace(SOME_URL, url));
      await record(_id, ({ state }) => state === 'delivered');
      // None while its row is still to be removed.
      const advised = await until('there is advice', async () => {
        return (await cliWith(settings(), 'explain', _id, '--json')).json()['advice'] ?? null;
      });
      expect(advised).toMatchObject({ obstacle: null, commands: [expect.any(String)] });
    },
  );
});
