import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import type { IntegerId } from '../../domain/integerId.ts';
import { parseSigningKeys } from '../../domain/signingKeys.ts';
import { parseWebhookUrl } from '../../domain/webhookUrl.ts';
import { openCentralTables, OtherTables, type CentralTables } from '../../mysql/centralTables.ts';
import { Refused, type CommandResult } from '../command.ts';
import { settingsText, type AdminSettings, type Cli } from '../surroundings.ts';
import { list } from '../table.ts';
import { collect, integerId } from '../values.ts';
import { headersFrom } from '../webhookHeaders.ts';

const help = `
Three settings have to be there for an account to be told of its SMS' statuses: it has
opted in (step 1), it has a default webhook (step 2), and the flow that sends the SMS has
the webhook enabled (step 3). These commands write them with MYSQL_ADMIN_URI into tables
of the reference schema (config/central-schema.sql), and refuse to touch others. A running
worker goes by them within ROUTE_CACHE_TTL.

Examples:
  npm run cli -- setup account 28 --enable
  npm run cli -- setup webhook 28 --url https://example.com/sms --secret generate
  npm run cli -- setup flow 200 --account 28 --enable
  npm run cli -- check --account 28 --flow 200`;

const webhookHelp = `
The account's webhook of that name is created, or changed where it exists: what is not
given stays as it is. It becomes the account's default. A generated secret is shown this
once; several secrets with spaces between sign each call once each, for a rotation.

Examples:
  npm run cli -- setup webhook 28 --url https://example.com/sms --secret generate
  npm run cli -- setup webhook 28 --url https://example.com/sms --header 'X-Team: sms'
  npm run cli -- setup webhook 28 --url https://example.com/sms --header none`;

interface Switch {
  readonly enable?: true;
  readonly disable?: true;
}

interface WebhookOptions {
  readonly url: string;
  readonly name: string;
  readonly secret?: string;
  readonly header?: readonly string[];
}

export function setup(cli: Cli): Command {
  const act = async (prepare: (access: Access) => Work): Promise<void> =>
    await cli.runWithoutSettings(async () => {
      const access = accessOf(cli);
      return await withTables(access, prepare(access));
    });
  const setAccount = new Command('account')
    .description('step 1: whether the account wants to be told')
    .argument('<accountId>', 'the account', integerId);
  const setWebhook = new Command('webhook')
    .description("step 2: the account's default webhook")
    .argument('<accountId>', 'the account', integerId)
    .requiredOption('--url <url>', 'where to POST to')
    .option('--name <name>', 'which of its webhooks', 'default')
    .option('--secret <secret>', 'whsec_…, "generate" for a new one, "none" for no signature')
    .option(
      '--header <header>',
      `sent along, as 'Name: value'; may be given more than once, and replaces all there were; "none" clears them`,
      collect,
    )
    .addHelpText('after', webhookHelp)
    .action(
      async (accountId: IntegerId, options: WebhookOptions) =>
        await act((access) => writeWebhook(access, accountId, options)),
    );
  const setFlow = new Command('flow')
    .description('step 3: whether the SMS of a flow are told')
    .argument('<flowId>', 'the flow', integerId)
    .requiredOption('--account <id>', 'the account it belongs to', integerId);
  switchable(
    setAccount,
    async (isEnabled, accountId) =>
      await act(() => async (tables) => {
        await tables.setAccount(accountId, isEnabled);
        const text = `Account ${accountId} ${isEnabled ? 'is' : 'is not'} told of delivery statuses.`;
        return { data: { accountId, enabled: isEnabled }, text };
      }),
  );
  switchable(
    setFlow,
    async (isEnabled, flowId, { account }) =>
      await act(
        () => async (tables) => await writeFlow(tables, { flowId, accountId: account, isEnabled }),
      ),
  );
  return new Command('setup')
    .description('the three settings that make an account be told')
    .addHelpText('after', help)
    .addCommand(setAccount)
    .addCommand(setWebhook)
    .addCommand(setFlow);
}

/** Adds `--enable` and `--disable`, of which one must be given. */
function switchable(
  command: Command,
  action: (isEnabled: boolean, id: IntegerId, options: { account: IntegerId }) => Promise<void>,
): void {
  command
    .option('--enable', 'switch it on')
    .option('--disable', 'switch it off')
    .action(async (id: IntegerId, options: Switch & { readonly account: IntegerId }) => {
      const isEnabled = options.enable === true;
      if (isEnabled === (options.disable === true)) {
        command.error('error: give either --enable or --disable');
      }
      await action(isEnabled, id, options);
    });
}

type Access = Extract<AdminSettings, { ok: true }>;
type Work = (tables: CentralTables) => Promise<CommandResult>;

function accessOf({ surroundings }: Cli): Access {
  const settings = surroundings.adminSettings();
  if (!settings.ok) throw new Refused(settingsText(settings.problems));
  return settings;
}

async function withTables(access: Access, work: Work): Promise<CommandResult> {
  const tables = await openCentralTables(access);
  try {
    return await work(tables);
  } catch (error) {
    if (!(error instanceof OtherTables)) throw error;
    throw new Refused(
      `Refused, as the central database does not have the reference tables: ${error.message}. Set it up by the programs it belongs to.`,
    );
  } finally {
    await tables.close();
  }
}

/** Checks all that is given before anything is connected to. */
function writeWebhook(
  { schemes }: Access,
  accountId: IntegerId,
  { url, name, secret, header }: WebhookOptions,
): Work {
  const parsed = parseWebhookUrl(url, schemes);
  if (parsed.kind === 'unusable') throw new Refused(`It can't be called: ${parsed.problem}.`);
  const { displayUrl } = parsed;
  const signing = secretFrom(secret);
  const headers = header === undefined ? undefined : headersFrom(header);
  return async (tables) => {
    const webhook = { accountId, name, url, headers, secret: signing };
    const { webhookId, isNew } = await tables.setWebhook(webhook);
    const generated = secret === 'generate' && typeof signing === 'string' ? signing : null;
    const data = { accountId, webhookId, name, url: displayUrl, created: isNew, secret: generated };
    const text = list([
      ['webhook', `${webhookId}, ${isNew ? 'new' : 'changed'}`],
      ['account', `${accountId}, whose default it is`],
      ['name', name],
      ['url', displayUrl],
      ...(generated === null ? [] : [['secret', `${generated} (shown this once)`] as const]),
    ]);
    return { data, text };
  };
}

const SECRET_BYTES = 32;

/** Undefined: as it was. */
function secretFrom(given: string | undefined): string | null | undefined {
  if (given === undefined) return undefined;
  if (given === 'none') return null;
  if (given === 'generate') return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  const keys = parseSigningKeys(given);
  if (keys === null || keys.length === 0) {
    throw new Refused('A secret is whsec_ followed by base64 of 24 to 64 bytes.');
  }
  return given;
}

async function writeFlow(
  tables: CentralTables,
  { flowId, accountId, isEnabled }: { flowId: IntegerId; accountId: IntegerId; isEnabled: boolean },
): Promise<CommandResult> {
  if (!(await tables.setFlow(flowId, accountId, isEnabled))) {
    throw new Refused(`Flow ${flowId} belongs to another account than ${accountId}.`);
  }
  const text = `The SMS of flow ${flowId} of account ${accountId} ${isEnabled ? 'are' : 'are not'} told.`;
  return { data: { flowId, accountId, enabled: isEnabled }, text };
}
