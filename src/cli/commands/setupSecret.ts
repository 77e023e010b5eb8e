import { Command } from 'commander';
import type { IntegerId } from '../../domain/ids.ts';
import { Refused } from '../../support/session.ts';
import { retire, rotate, webhookName, type CentralAccess } from '../../support/setup.ts';
import { integerId } from '../arguments.ts';
import { settingsText, type CommandResult, type CommandRunner } from '../environment.ts';

const secretHelp = `
"rotate" adds a new secret to the current one and shows it only once. Calls are then
signed with both, so the receiver can switch at any time; "retire" then removes the older
one. If there are already two secrets, "rotate" is refused: run "retire" first.

Examples:
  npm run cli -- setup secret rotate 28
  npm run cli -- setup secret retire 28
  npm run cli -- setup secret rotate 28 --webhook second`;

export function secretCommand(cli: CommandRunner): Command {
  const works = [
    ['rotate', 'add a new secret, shown once', rotateOne],
    ['retire', 'remove the older secret', retireOne],
  ] as const;
  const command = new Command('secret')
    .description('rotate the secret that signs calls')
    .addHelpText('after', secretHelp);
  for (const [name, description, work] of works) {
    command.addCommand(
      new Command(name)
        .description(description)
        .argument('<accountId>', 'the account', integerId)
        .option('--webhook <webhook>', 'id or name of the webhook (default: the default webhook)')
        .action(
          async (accountId: IntegerId, { webhook }: { readonly webhook?: string }) =>
            await act(cli, async (access) => await work(access, accountId, webhook ?? null)),
        ),
    );
  }
  return command;
}

async function rotateOne(
  access: CentralAccess,
  accountId: IntegerId,
  which: string | null,
): Promise<CommandResult> {
  const { webhook, count, secret } = await rotate(access, { accountId, which });
  const signed =
    count === 1
      ? 'this secret; they were not signed before'
      : 'this secret and the previous one, until "setup secret retire"';
  const lines = [
    ['secret', `${secret} (shown only once)`],
    ['of', webhookName(webhook)],
    ['calls', `are signed with ${signed}`],
  ] as const;
  return {
    data: { accountId, ...namesOf(webhook), secrets: count, secret },
    text: (page) => page.list(lines),
  };
}

async function retireOne(
  access: CentralAccess,
  accountId: IntegerId,
  which: string | null,
): Promise<CommandResult> {
  const { webhook, count } = await retire(access, { accountId, which });
  const text = `Calls to ${webhookName(webhook)} are now signed only with its newest secret.`;
  return { data: { accountId, ...namesOf(webhook), secrets: count }, text };
}

/** Over the central database; refused where the settings for it can't be used. */
export async function act(
  { environment, runWithoutSettings }: CommandRunner,
  work: (access: CentralAccess) => Promise<CommandResult>,
): Promise<void> {
  await runWithoutSettings(async () => {
    const settings = environment.adminSettings();
    if (!settings.ok) throw new Refused(settingsText(settings.problems));
    return await work(settings);
  });
}

/** What `--json` names a webhook by. */
export function namesOf({ webhookId, name, url }: Parameters<typeof webhookName>[0]) {
  return { webhookId, name, url };
}
