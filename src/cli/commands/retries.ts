import { Command } from 'commander';
import type { IntegerId } from '../../domain/integerId.ts';
import {
  createParkedList,
  type ParkedFacts,
  type ParkedScope,
} from '../../mongo/operator/parkedList.ts';
import type { Bench, CommandResult } from '../command.ts';
import type { Cli } from '../surroundings.ts';
import { table } from '../table.ts';
import { apart } from '../unreadable.ts';
import { integerId, wholeNumber } from '../values.ts';
import { count, duration, several } from '../words.ts';

interface Options {
  readonly account?: IntegerId;
  readonly webhook?: string;
}

const listHelp = `
Those due first, each with the number of its attempts and what came of the last. "due"
tells in how long, or since when; "called" is in a worker's hands.

Examples:
  npm run cli -- retries list
  npm run cli -- retries list --account 28 --limit 500 --json`;

const runHelp = `
The running worker makes the calls, within a second or two, as many at once as its
settings allow. An attempt made so counts like any other. What is being called is left
alone, and an endpoint whose breaker is open is still tried by one call at a time.

Examples:
  npm run cli -- retries run --webhook 5 --dry-run
  npm run cli -- retries run --webhook 5`;

export function retries(cli: Cli): Command {
  return new Command('retries')
    .description('notifications that wait in MongoDB for their next attempt')
    .addCommand(
      scoped('list')
        .description('show them')
        .option('--limit <n>', 'show at most so many', wholeNumber, 50)
        .addHelpText('after', listHelp)
        .action(
          async (options: Options & { readonly limit: number }) =>
            await cli.run(async (bench) => await listParked(bench, options)),
        ),
    )
    .addCommand(
      scoped('run')
        .description('make them due now')
        .option('--dry-run', 'only say how many')
        .addHelpText('after', runHelp)
        .action(
          async (options: Options & { readonly dryRun?: true }) =>
            await cli.run(async (bench) => await makeDue(bench, options)),
        ),
    );
}

function scoped(name: string): Command {
  return new Command(name)
    .option('--account <id>', 'of this account only', integerId)
    .option('--webhook <id>', 'of this webhook only');
}

function scopeOf({ account, webhook }: Options): ParkedScope {
  return { accountId: account, webhookId: webhook };
}

async function listParked(
  { mongo }: Bench,
  options: Options & { readonly limit: number },
): Promise<CommandResult> {
  const parked = createParkedList((await mongo()).state.retries);
  const scope = scopeOf(options);
  const [all, shown] = await Promise.all([parked.count(scope), parked.list(scope, options.limit)]);
  const data = { count: all, retries: shown };
  if (all === 0) return { data, text: 'Nothing waits.' };
  const rest = all > shown.length ? `, these ${count(shown.length)} first` : '';
  const head = `${several(all, 'notification')} waiting${rest}:`;
  const { readable, unreadable } = apart(shown, ({ notificationId }) => notificationId);
  const tables = readable.length === 0 ? [] : [parkedTable(readable)];
  return { data, text: [head, ...tables, ...unreadable].join('\n\n') };
}

function parkedTable(rows: readonly ParkedFacts[]): string {
  const now = Date.now();
  return table(
    ['notification', 'account', 'attempts', 'due'],
    rows.map((row) => [
      row.notificationId,
      String(row.accountId),
      `${row.attempts} ${row.lastStatusCode ?? row.lastError ?? ''}`.trim(),
      dueIn(row, now),
    ]),
  );
}

function dueIn({ isClaimed, nextAttemptAt }: ParkedFacts, now: number): string {
  if (isClaimed) return 'called';
  if (nextAttemptAt === null) return '?';
  const ms = nextAttemptAt.getTime() - now;
  return ms > 0 ? `in ${duration(ms)}` : `since ${duration(-ms)}`;
}

async function makeDue(
  { mongo }: Bench,
  options: Options & { readonly dryRun?: true },
): Promise<CommandResult> {
  const parked = createParkedList((await mongo()).state.retries);
  const scope = scopeOf(options);
  if (options.dryRun === true) {
    const waiting = await parked.countWaiting(scope);
    const text = `${several(waiting, 'notification')} would be made due.`;
    return { data: { dryRun: true, due: waiting }, text };
  }
  const due = await parked.makeDue(scope);
  const text =
    due === 0 ? 'Nothing waits.' : `${several(due, 'notification')} made due; the worker calls.`;
  return { data: { dryRun: false, due }, text };
}
