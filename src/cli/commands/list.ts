import { Command } from 'commander';
import { readNotificationId, type IntegerId } from '../../domain/ids.ts';
import { createTimeZone } from '../../runtime/timeZone.ts';
import {
  notificationsOf,
  placeText,
  whyOf,
  type ListedNotification,
  type ListedState,
  type Place,
} from '../../support/notificationList.ts';
import type { Session } from '../../support/session.ts';
import { several, utcTimes } from '../../support/words.ts';
import { integerId, listedStates, pageSize, readPlace, readTime } from '../arguments.ts';
import type { CommandResult, CommandRunner } from '../environment.ts';
import { apart, type Page } from '../output/page.ts';

const help = `
Shows ended, waiting and blocked notifications in one list, each with the reason: the
answer, when it is due, or what blocks it. They are ordered by the time at which the
status was set; --since and --until use that time too, as they do for "replay".

  delivered, failed, skipped   ended; remembered for REMEMBER
  waiting                      due later, or about to be called
  blocked                      not called: its endpoint is disabled or its breaker is open
  retrying                     waiting and blocked, as in the SMS documents

Times are ISO 8601, in PAYLOAD_TIMEZONE if they have no offset; or a day: today,
yesterday, monday. If there are more than --limit, it shows the newest and the command for
the next page. It reads only through indexes, which the running worker and "check" create.

Examples:
  npm run cli -- list --account 28 --state failed --since monday
  npm run cli -- list --webhook 5 --state blocked,waiting
  npm run --silent cli -- list --since 2026-01-31T10:00 --json | jq .notifications`;

interface Options {
  readonly account?: IntegerId;
  readonly webhook?: string;
  readonly state?: readonly ListedState[];
  readonly status?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
  readonly after?: Place;
}

export function list(cli: CommandRunner): Command {
  const command = new Command('list')
    .description('list notifications, newest first: ended, waiting, blocked')
    .option('--account <id>', 'only this account', integerId)
    .option('--webhook <id>', 'only this webhook')
    .option(
      '--state <states>',
      'only these states: delivered, failed, skipped, waiting, blocked',
      listedStates,
    )
    .option('--status <status>', 'only this delivery status: looked for among the others')
    .option('--since <time>', 'statuses since this time')
    .option('--until <time>', 'statuses before this time')
    .option('--limit <n>', 'show at most this many', pageSize, 50)
    .option(
      '--after <place>',
      'continue after this place: "next" from the previous page',
      readPlace,
    )
    .addHelpText('after', help);
  return command.action(
    async (options: Options) =>
      await cli.run(async (session) => await show(command, session, options)),
  );
}

async function show(command: Command, session: Session, options: Options): Promise<CommandResult> {
  const zone = createTimeZone(session.config.call.payloadTimeZone);
  const timeOf = (option: 'since' | 'until'): Date | null => {
    const text = options[option];
    if (text === undefined) return null;
    return (
      readTime(text, zone) ??
      command.error(
        `error: option '--${option}' is not an ISO 8601 time, such as 2026-01-31T10:00, nor a day such as yesterday`,
      )
    );
  };
  const since = timeOf('since');
  const until = timeOf('until');
  if (since !== null && until !== null && since >= until) {
    command.error("error: '--since' must be before '--until'");
  }
  const query = {
    accountId: options.account ?? null,
    webhookId: options.webhook ?? null,
    states: options.state === undefined ? null : new Set(options.state),
    since,
    until,
    after: options.after ?? null,
    deliveryStatus: options.status ?? null,
  };
  const found = await notificationsOf(session, query, options.limit);
  const { notifications, odd, next, notes } = found;
  const more = next === null ? null : commandAfter(options, { since, until, next });
  const data = {
    notifications: notifications.map(shownRow),
    odd: odd.map(shownRow),
    next: next === null ? null : placeText(next),
    notes,
  };
  return { data, text: (page) => listText({ notifications, odd, more, notes }, page) };
}

function shownRow(row: ListedNotification) {
  return { ...readNotificationId(row.notificationId), ...row, why: whyOf(row, utcTimes) };
}

/** With times that mean the same however long the command is kept. */
function commandAfter(
  { account, webhook, state, status, limit }: Options,
  { since, until, next }: Readonly<{ since: Date | null; until: Date | null; next: Place }>,
): readonly string[] {
  const given = {
    account: account === undefined ? null : String(account),
    webhook: webhook ?? null,
    state: state?.join(',') ?? null,
    status: status ?? null,
    since: since?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    limit: String(limit),
    after: placeText(next),
  };
  const options = Object.entries(given).flatMap(([name, value]) =>
    value === null ? [] : [`--${name}`, value],
  );
  return ['npm', 'run', 'cli', '--', 'list', ...options];
}

/** What a list has brought. */
interface Listed {
  readonly notifications: readonly ListedNotification[];
  readonly odd: readonly ListedNotification[];
  /** The command line that shows what comes after these; null when nothing does. */
  readonly more: readonly string[] | null;
  /** What is to be known of what is not shown. */
  readonly notes: readonly string[];
}

function listText({ notifications, odd, more, notes }: Listed, page: Page): string {
  const shown = [...notifications, ...odd];
  const { readable, unreadable } = apart(shown, ({ notificationId }) => notificationId, page);
  const rest = more === null ? '' : '; there are more';
  const parts = [
    shown.length === 0
      ? 'No such notification.'
      : `${several(shown.length, 'notification')}, newest statuses first${rest}:`,
    ...(readable.length === 0 ? [] : [listTable(readable, page)]),
    ...unreadable,
    ...notes,
    ...(more === null ? [] : [`Next page:\n\n${page.command(more)}`]),
  ];
  return parts.join('\n\n');
}

function listTable(rows: readonly ListedNotification[], page: Page): string {
  return page.table(
    ['at', 'state', 'why', 'account', 'webhook', 'status', 'sms'],
    rows.map((row) => {
      const { smsId, deliveryStatus } = readNotificationId(row.notificationId);
      return [
        page.at(row.statusAt),
        row.state ?? '?',
        whyOf(row, page),
        String(row.accountId ?? '?'),
        String(row.webhookId ?? ''),
        deliveryStatus,
        smsId,
      ];
    }),
  );
}
