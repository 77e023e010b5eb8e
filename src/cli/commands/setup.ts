import { Command } from 'commander';
import type { IntegerId } from '../../domain/ids.ts';
import {
  readAccountSetup,
  setFlow,
  setOptIn,
  setWebhook,
  webhookName,
  type AccountSetup,
  type WebhookEntry,
} from '../../support/setup.ts';
import { collect, integerId } from '../arguments.ts';
import type { CommandRunner } from '../environment.ts';
import type { Page } from '../output/page.ts';
import { act, namesOf, secretCommand } from './setupSecret.ts';

const help = `
An account is notified of the statuses of its SMS if three settings are in place: it has
opted in (step 1), it has a default webhook (step 2), and the webhook is enabled for the
flow that sends the SMS (step 3). These commands use MYSQL_ADMIN_URI to write them to
tables of the reference schema (config/central-schema.sql), and refuse to change other
tables. A running worker applies changes within ROUTE_CACHE_TTL.

Examples:
  npm run cli -- setup account 28 --enable
  npm run cli -- setup webhook 28 --url https://example.com/sms --secret generate
  npm run cli -- setup flow 200 --account 28 --enable
  npm run cli -- setup show 28
  npm run cli -- setup secret rotate 28
  npm run cli -- check --account 28 --flow 200`;

const webhookHelp = `
Creates the account's webhook of that name (this requires --url), or changes it if it
exists: options that are not given leave their values unchanged. The webhook becomes the
account's default; the command names the one it replaces. A generated secret is shown only
once. Use "setup secret" to rotate a secret without an interval in which receivers can't
verify calls.

Examples:
  npm run cli -- setup webhook 28 --url https://example.com/sms --secret generate
  npm run cli -- setup webhook 28 --url https://example.com/sms --header 'X-Team: sms'
  npm run cli -- setup webhook 28 --header none
  npm run cli -- setup webhook 28 --name second`;

export function setup(cli: CommandRunner): Command {
  return new Command('setup')
    .description('manage the three settings that an account needs')
    .addHelpText('after', help)
    .addCommand(accountCommand(cli))
    .addCommand(webhookCommand(cli))
    .addCommand(flowCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(secretCommand(cli));
}

function accountCommand(cli: CommandRunner): Command {
  const command = new Command('account')
    .description('step 1: whether the account wants notifications')
    .argument('<accountId>', 'the account', integerId);
  return switchable(
    command,
    async (isEnabled, accountId) =>
      await act(cli, async (access) => {
        await setOptIn(access, accountId, isEnabled);
        const text = `Account ${accountId} ${isEnabled ? 'is' : 'is not'} notified of delivery statuses.`;
        return { data: { accountId, enabled: isEnabled }, text };
      }),
  );
}

function webhookCommand(cli: CommandRunner): Command {
  return new Command('webhook')
    .description("step 2: the account's default webhook")
    .argument('<accountId>', 'the account', integerId)
    .option('--url <url>', 'the URL to call')
    .option('--name <name>', 'name of the webhook', 'default')
    .option('--secret <secret>', 'whsec_…, "generate" for a new one, "none" for no signature')
    .option(
      '--header <header>',
      `additional header, as 'Name: value'; can be repeated, and the new headers replace all existing ones; "none" removes them`,
      collect,
    )
    .addHelpText('after', webhookHelp)
    .action(
      async (accountId: IntegerId, entry: WebhookEntry) =>
        await act(cli, async (access) => {
          const set = await setWebhook(access, accountId, entry);
          const { webhook, isNew, replaced, generated } = set;
          const data = {
            accountId,
            ...namesOf(webhook),
            created: isNew,
            replaces: replaced && namesOf(replaced),
            secret: generated,
          };
          const lines = webhookLines(set, { accountId, isKept: entry.url === undefined });
          return { data, text: (page) => page.list(lines) };
        }),
    );
}

function flowCommand(cli: CommandRunner): Command {
  const command = new Command('flow')
    .description("step 3: whether to notify about a flow's SMS")
    .argument('<flowId>', 'the flow', integerId)
    .requiredOption('--account <id>', 'the account of the flow', integerId);
  return switchable(
    command,
    async (isEnabled, flowId, { account: accountId }) =>
      await act(cli, async (access) => {
        await setFlow(access, { flowId, accountId, isEnabled });
        const text = `The SMS of flow ${flowId} of account ${accountId} ${isEnabled ? 'are' : 'are not'} notified.`;
        return { data: { flowId, accountId, enabled: isEnabled }, text };
      }),
  );
}

function showCommand(cli: CommandRunner): Command {
  return new Command('show')
    .description('show all three settings, and the number of secrets')
    .argument('<accountId>', 'the account', integerId)
    .action(
      async (accountId: IntegerId) =>
        await act(cli, async (access) => {
          const stored = await readAccountSetup(access, accountId);
          const webhooks = stored.webhooks.map(({ isDefault, ...webhook }) => {
            return { ...webhook, default: isDefault };
          });
          const flows = stored.flows.map(({ flowId, name, isEnabled }) => {
            return { flowId, name, enabled: isEnabled };
          });
          const { isOptedIn: enabled, setting } = stored;
          return {
            data: { accountId, enabled, setting, webhooks, flows },
            text: (page) => setupText(stored, page),
          };
        }),
    );
}

interface Switch {
  readonly enable?: true;
  readonly disable?: true;
}

/** Adds `--enable` and `--disable`, of which one must be given. */
function switchable(
  command: Command,
  action: (isEnabled: boolean, id: IntegerId, options: { account: IntegerId }) => Promise<void>,
): Command {
  return command
    .option('--enable', 'switch it on')
    .option('--disable', 'switch it off')
    .action(async (id: IntegerId, options: Switch & { readonly account: IntegerId }) => {
      const isEnabled = options.enable === true;
      if (isEnabled === (options.disable === true)) {
        command.error('error: specify either --enable or --disable');
      }
      await action(isEnabled, id, options);
    });
}

type Line = readonly [name: string, value: string];

/** What `setup webhook` has written. */
function webhookLines(
  { webhook, isNew, replaced, generated }: Awaited<ReturnType<typeof setWebhook>>,
  { accountId, isKept }: Readonly<{ accountId: IntegerId; isKept: boolean }>,
): readonly Line[] {
  return [
    ['webhook', `${webhook.webhookId}, ${isNew ? 'new' : 'changed'}`],
    ['account', `${accountId}, default webhook of the account`],
    ...(replaced === null
      ? []
      : [['replaces', `${webhookName(replaced)}, its previous default`] as const]),
    ['name', webhook.name],
    ['url', `${webhook.url ?? "can't be shown"}${isKept ? ', unchanged' : ''}`],
    ...(generated === null ? [] : [['secret', `${generated} (shown only once)`] as const]),
  ];
}

/** The three steps of an account, as they are set. */
function setupText({ setting, isOptedIn, webhooks, flows }: AccountSetup, page: Page): string {
  const standard = webhooks.find(({ isDefault }) => isDefault);
  const on = flows.filter(({ isEnabled }) => isEnabled).length;
  const steps = page.list([
    [
      'step 1',
      `${isOptedIn ? 'notified' : 'not notified'}: account.sms.notifyOnDelivery is ${said(setting)}`,
    ],
    [
      'step 2',
      standard === undefined
        ? 'no default webhook'
        : `default webhook ${standard.webhookId} "${standard.name}"`,
    ],
    ['step 3', `${on} of ${flows.length} ${flows.length === 1 ? 'flow' : 'flows'} enabled`],
  ]);
  const ofWebhooks = webhooks.map((webhook) => [
    String(webhook.webhookId),
    webhook.name,
    webhook.isDefault ? 'yes' : 'no',
    webhook.secrets === null ? 'unusable' : String(webhook.secrets),
    webhook.headers?.join(', ') ?? 'unusable',
    webhook.url ?? "can't be shown",
  ]);
  const headings = ['webhook', 'name', 'default', 'secrets', 'headers', 'url'];
  const ofFlows = flows.map(({ flowId, name, isEnabled }) => [
    String(flowId),
    isEnabled ? 'enabled' : 'not enabled',
    name ?? '',
  ]);
  return [
    steps,
    ...(webhooks.length === 0 ? [] : [page.table(headings, ofWebhooks)]),
    ...(flows.length === 0 ? [] : [page.table(['flow', 'webhook', 'name'], ofFlows)]),
  ].join('\n\n');
}

function said(setting: string | null): string {
  return setting === null ? 'not set' : JSON.stringify(setting);
}
