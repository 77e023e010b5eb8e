import { Command } from 'commander';
import type { IntegerId } from '../../domain/integerId.ts';
import { createDisabledEndpoints } from '../../mongo/operator/disabledEndpoints.ts';
import type { Webhook } from '../../domain/route.ts';
import { Refused, type Bench, type CommandResult } from '../command.ts';
import { findWebhook } from '../findWebhook.ts';
import type { Cli } from '../surroundings.ts';
import { table } from '../table.ts';
import { apart } from '../unreadable.ts';
import { integerId } from '../values.ts';
import { several } from '../words.ts';

const help = `
An endpoint is one webhook with its URL. A receiver that answers 410 Gone, or with the
header "webhook-delivery: disable", is not called any more; so is one disabled here.
Its notifications end as failed / endpoint_disabled. With another URL in the central
database the webhook starts enabled. Workers take a change up within five seconds.

Examples:
  npm run cli -- endpoints list
  npm run cli -- endpoints enable 5
  npm run cli -- endpoints disable 5 --account 28`;

export function endpoints(cli: Cli): Command {
  return new Command('endpoints')
    .description('which endpoints are not called any more')
    .addHelpText('after', help)
    .addCommand(
      new Command('list')
        .description('show those that are disabled')
        .action(async () => await cli.run(listDisabled)),
    )
    .addCommand(
      new Command('enable')
        .description('have it called again')
        .argument('<webhookId>', "the webhook's id in the central database")
        .action(
          async (webhookId: string) =>
            await cli.run(async (bench) => await enable(bench, webhookId)),
        ),
    )
    .addCommand(
      new Command('disable')
        .description('have it called no more')
        .argument('<webhookId>', "the webhook's id in the central database")
        .option(
          '--account <id>',
          'its account, where the central database has no table Webhook to look it up in',
          integerId,
        )
        .action(
          async (webhookId: string, options: { readonly account?: IntegerId }) =>
            await cli.run(
              async (bench) => await disable(bench, webhookId, options.account ?? null),
            ),
        ),
    );
}

async function listDisabled({ mongo }: Bench): Promise<CommandResult> {
  const disabled = await createDisabledEndpoints((await mongo()).state.endpoints).list();
  if (disabled.length === 0) {
    return { data: { endpoints: disabled }, text: 'No endpoint is disabled.' };
  }
  const { readable, unreadable } = apart(disabled, ({ id }) => id);
  const rows = readable.map(({ webhookId, url, reason, disabledAt }) => [
    String(webhookId),
    url ?? '',
    reason ?? '',
    disabledAt?.toISOString() ?? '',
  ]);
  const tables = rows.length === 0 ? [] : [table(['webhook', 'url', 'reason', 'since'], rows)];
  const text = [...tables, ...unreadable].join('\n\n');
  return { data: { endpoints: disabled }, text };
}

async function enable({ mongo }: Bench, webhookId: string): Promise<CommandResult> {
  const enabled = await createDisabledEndpoints((await mongo()).state.endpoints).enable(webhookId);
  const text =
    enabled === 0
      ? `No endpoint of webhook ${webhookId} was disabled.`
      : `${several(enabled, 'endpoint')} of webhook ${webhookId} enabled.`;
  return { data: { webhookId, enabled }, text };
}

async function disable(
  bench: Bench,
  webhookId: string,
  accountId: IntegerId | null,
): Promise<CommandResult> {
  const webhook: Webhook = await findWebhook(bench, webhookId, accountId);
  if (accountId !== null && String(webhook.webhookId) !== webhookId) {
    throw new Refused(
      `The default webhook of account ${accountId} is ${webhook.webhookId}, not ${webhookId}.`,
    );
  }
  const isNew = await createDisabledEndpoints((await bench.mongo()).state.endpoints).disable(
    webhook,
  );
  const { displayUrl: url } = webhook;
  const text = isNew
    ? `Webhook ${webhookId} is not called any more at ${url}.`
    : `Webhook ${webhookId} was disabled already at ${url}.`;
  return { data: { webhookId, url, disabled: isNew }, text };
}
