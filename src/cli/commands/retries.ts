import { Command } from 'commander';
import type { IntegerId } from '../../domain/ids.ts';
import {
  listRetries,
  makeRetriesDue,
  obstacleText,
  type ListedRetry,
  type Obstacle,
} from '../../support/retries.ts';
import type { Session } from '../../support/session.ts';
import { count, duration, several } from '../../support/words.ts';
import { integerId, wholeNumber } from '../arguments.ts';
import type { CommandResult, CommandRunner } from '../environment.ts';
import { apart, type Page } from '../output/page.ts';

interface Options {
  readonly account?: IntegerId;
  readonly webhook?: string;
}

const listHelp = `
Lists the retries that are due first, each with its number of attempts and the result of
the last one. "due" shows when a retry is due or since when, and what blocks it: its
endpoint's breaker is open, its endpoint is disabled, or its route is not known yet.
"called" means that a worker is processing it. The blockers are explained below the list.

Examples:
  npm run cli -- retries list
  npm run cli -- retries list --account 28 --limit 500 --json`;

const runHelp = `
The running worker makes the calls within a second or two, as many at once as its settings
allow. These attempts count like any others. Calls in flight are not affected. An endpoint
whose breaker is open still gets only one call per BREAKER_COOLDOWN; a disabled endpoint
gets none. The command names what blocks the retries.

Examples:
  npm run cli -- retries run --webhook 5 --dry-run
  npm run cli -- retries run --webhook 5`;

export function retries(cli: CommandRunner): Command {
  return new Command('retries')
    .description('list waiting retries, or make them due now')
    .addCommand(
      scoped('list')
        .description('list waiting retries')
        .option('--limit <n>', 'show at most this many', wholeNumber, 50)
        .addHelpText('after', listHelp)
        .action(
          async (options: Options & { readonly limit: number }) =>
            await cli.run(async (session) => await showRetries(session, options)),
        ),
    )
    .addCommand(
      scoped('run')
        .description('make waiting retries due now')
        .option('--dry-run', 'only count')
        .addHelpText('after', runHelp)
        .action(
          async (options: Options & { readonly dryRun?: true }) =>
            await cli.run(async (session) => await makeDue(session, options)),
        ),
    );
}

function scoped(name: string): Command {
  return new Command(name)
    .option('--account <id>', 'only this account', integerId)
    .option('--webhook <id>', 'only this webhook');
}

async function showRetries(
  session: Session,
  { account: accountId, webhook: webhookId, limit }: Options & { readonly limit: number },
): Promise<CommandResult> {
  const data = await listRetries(session, { accountId, webhookId }, limit);
  const { count: all, retries: shown, obstacles } = data;
  if (all === 0) return { data, text: 'Nothing is waiting.' };
  const rest = all > shown.length ? `, the first ${count(shown.length)} shown` : '';
  const head = `${several(all, 'notification')} waiting${rest}:`;
  return {
    data,
    text: (page) =>
      [head, ...retriesText(shown, page), ...obstaclesText(obstacles, page)].join('\n\n'),
  };
}

function retriesText(shown: readonly ListedRetry[], page: Page): readonly string[] {
  const { readable, unreadable } = apart(shown, ({ notificationId }) => notificationId, page);
  const tables = readable.length === 0 ? [] : [retriesTable(readable, page)];
  return [...tables, ...unreadable];
}

function retriesTable(rows: readonly ListedRetry[], page: Page): string {
  const now = Date.now();
  return page.table(
    ['notification', 'account', 'attempts', 'due'],
    rows.map((row) => [
      row.notificationId,
      String(row.accountId),
      `${row.attempts} ${row.lastStatusCode ?? row.lastError ?? ''}`.trim(),
      dueIn(row, now),
    ]),
  );
}

const ways = {
  breaker_open: 'breaker open',
  endpoint_disabled: 'disabled',
  route_unknown: 'route unknown',
} as const;

function dueIn({ isClaimed, nextAttemptAt, blockedBy: by }: ListedRetry, now: number): string {
  if (isClaimed) return 'called';
  if (nextAttemptAt === null) return '?';
  const ms = nextAttemptAt.getTime() - now;
  if (ms > 0) return `in ${duration(ms)}`;
  return `since ${duration(-ms)}${by === null ? '' : `, ${ways[by]}`}`;
}

async function makeDue(
  session: Session,
  { account: accountId, webhook: webhookId, dryRun }: Options & { readonly dryRun?: true },
): Promise<CommandResult> {
  const scope = { accountId, webhookId };
  const { data, sentence } = await makeRetriesDue(session, scope, dryRun === true);
  return { data, text: (page) => [sentence, ...obstaclesText(data.obstacles, page)].join('\n\n') };
}

/** Under a heading, each on lines of its own; none for none. */
function obstaclesText(obstacles: readonly Obstacle[], page: Page): readonly string[] {
  if (obstacles.length === 0) return [];
  const lines = obstacles.map((obstacle) => ['-', obstacleText(obstacle, page)] as const);
  return [`What blocks them:\n${page.list(lines)}`];
}
