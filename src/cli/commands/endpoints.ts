import { Command } from 'commander';
import type { IntegerId } from '../../domain/ids.ts';
import type { Session } from '../../support/session.ts';
import { disableWebhook, enableWebhook, listDisabled } from '../../support/webhooks.ts';
import { several } from '../../support/words.ts';
import { integerId } from '../arguments.ts';
import type { CommandResult, CommandRunner } from '../environment.ts';
import { apart, type Page } from '../output/page.ts';

const help = `
An endpoint is one webhook with its URL. A receiver that answers 410 Gone, or with the
header "webhook-delivery: disable", is no longer called; nor is an endpoint disabled here.
Its notifications end as failed / endpoint_disabled. A new URL in the central database
enables the webhook again. Workers apply a change within five seconds.

Examples:
  npm run cli -- endpoints list
  npm run cli -- endpoints enable 5
  npm run cli -- endpoints disable 5 --account 28`;

export function endpoints(cli: CommandRunner): Command {
  return new Command('endpoints')
    .description('list, enable and disable endpoints')
    .addHelpText('after', help)
    .addCommand(
      new Command('list')
        .description('list disabled endpoints')
        .action(async () => await cli.run(showDisabled)),
    )
    .addCommand(
      new Command('enable')
        .description('resume calls to a webhook')
        .argument('<webhookId>', "the webhook's id in the central database")
        .action(
          async (webhookId: string) =>
            await cli.run(async (session) => await enable(session, webhookId)),
        ),
    )
    .addCommand(
      new Command('disable')
        .description('stop calls to a webhook')
        .argument('<webhookId>', "the webhook's id in the central database")
        .option(
          '--account <id>',
          'account of the webhook, if the central database has no Webhook table',
          integerId,
        )
        .action(
          async (webhookId: string, options: { readonly account?: IntegerId }) =>
            await cli.run(
              async (session) => await disable(session, webhookId, options.account ?? null),
            ),
        ),
    );
}

async function showDisabled(session: Session): Promise<CommandResult> {
  const disabled = await listDisabled(session);
  if (disabled.length === 0) {
    return { data: { endpoints: disabled }, text: 'No endpoint is disabled.' };
  }
  return { data: { endpoints: disabled }, text: (page) => disabledText(disabled, page) };
}

function disabledText(disabled: Awaited<ReturnType<typeof listDisabled>>, page: Page): string {
  const { readable, unreadable } = apart(disabled, ({ id }) => id, page);
  const rows = readable.map(({ webhookId, url, reason, disabledAt }) => [
    String(webhookId),
    url ?? '',
    reason ?? '',
    page.at(disabledAt),
  ]);
  const tables = rows.length === 0 ? [] : [page.table(['webhook', 'url', 'reason', 'since'], rows)];
  return [...tables, ...unreadable].join('\n\n');
}

async function enable(session: Session, webhookId: string): Promise<CommandResult> {
  const enabled = await enableWebhook(session, webhookId);
  const text =
    enabled === 0
      ? `No endpoint of webhook ${webhookId} was disabled.`
      : `${several(enabled, 'endpoint')} of webhook ${webhookId} enabled.`;
  return { data: { webhookId, enabled }, text };
}

async function disable(
  session: Session,
  webhookId: string,
  accountId: IntegerId | null,
): Promise<CommandResult> {
  const { url, isNew } = await disableWebhook(session, webhookId, accountId);
  const text = isNew
    ? `Webhook ${webhookId} is no longer called at ${url}.`
    : `Webhook ${webhookId} was already disabled at ${url}.`;
  return { data: { webhookId, url, disabled: isNew }, text };
}
