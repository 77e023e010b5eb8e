import { Command } from 'commander';
import { spellingsOf } from '../../domain/phoneNumber.ts';
import type { PlainValue } from '../../domain/plainValue.ts';
import { createTimeZone } from '../../runtime/timeZone.ts';
import { readDay, type Day } from '../../support/day.ts';
import { findSms, type Found, type FoundSms } from '../../support/findSms.ts';
import { searchSms } from '../../support/searchSms.ts';
import { Refused, type Session } from '../../support/session.ts';
import { verdictOf } from '../../support/verdict.ts';
import { count, several } from '../../support/words.ts';
import { pageSize } from '../arguments.ts';
import type { CommandResult, CommandRunner } from '../environment.ts';
import type { Page } from '../output/page.ts';

const help = `
Finds SMS documents by phone number and day, by phonon-uuid, or by an id. For each, it shows
the id (for "explain" and "replay"), account, flow, status and the state of its record. For
up to ten SMS it also explains what happened.

Without an option it takes whatever is at hand, and searches in this order: the _id of an
SMS, the id of a notification (the webhook-id), a phone number, a phonon-uuid. The day of a
number is today unless --on names another.

Write the number in any common form: +91 98…, 0091…, 91…, with spaces or dashes. Ten
digits starting with 6 to 9, with or without a leading 0, are also searched for with 91.
It may be stored as text or as a number. The day is in PAYLOAD_TIMEZONE: a date, today,
yesterday or a weekday. It matches SMS that were sent or delivered on that day.

The search for a number or a phonon-uuid needs an index of the SMS collection. Without one
it is refused, and the message says which index to create: the worker never creates indexes
there.

Examples:
  npm run cli -- find '+91 98765 43210' --on yesterday
  npm run cli -- find 290a4138-5729-475f-95e1-9ff30f851d67:DELIVERED
  npm run cli -- find --to 9876543210 --on 2026-01-31
  npm run cli -- find --phonon-uuid bd706f90-aa14-47ea-9844-3d1e1123f4ee

The exit code is 1 if there is no such SMS.`;

interface Options {
  readonly phononUuid?: string;
  readonly to?: string;
  readonly on?: string;
  readonly limit: number;
}

/** What is looked for, read from the command line. */
interface Asked extends Options {
  readonly what: string | undefined;
}

export function find(cli: CommandRunner): Command {
  const command = new Command('find')
    .description('find SMS by phone number and day, by phonon-uuid, or by an id')
    .argument('[what]', 'an id, a phone number or a phonon-uuid')
    .option('--phonon-uuid <uuid>', 'with this phonon-uuid')
    .option('--to <number>', 'to this phone number; requires --on')
    .option('--on <day>', 'sent or delivered on this day: 2026-01-31, today, yesterday, monday')
    .option('--limit <n>', 'show at most this many', pageSize, 100)
    .addHelpText('after', help);
  return command.action(async (what: string | undefined, options: Options) => {
    const { phononUuid, to, on } = options;
    const given = [what, phononUuid, to].filter((each) => each !== undefined).length;
    const lacksDay = to !== undefined && on === undefined;
    const hasDayInVain = phononUuid !== undefined && on !== undefined;
    if (given !== 1 || lacksDay || hasDayInVain) {
      command.error('error: specify what to find, or --phonon-uuid, or --to and --on');
    }
    if (to !== undefined && spellingsOf(to) === null) {
      command.error("error: option '--to' is not a phone number");
    }
    await cli.run(async (session) => await showFound(command, session, { ...options, what }));
  });
}

async function showFound(command: Command, session: Session, asked: Asked): Promise<CommandResult> {
  const { sms, hasMore } = await lookFor(command, session, asked);
  const rest = hasMore
    ? `There are more than ${count(asked.limit)}; raise --limit to see them.`
    : null;
  return {
    data: { count: sms.length, hasMore, sms: sms.map(({ data }) => data) },
    text: (page) => foundText(sms, rest, page),
  };
}

async function lookFor(
  command: Command,
  session: Session,
  { what, phononUuid, to: number = '', on = 'today', limit }: Asked,
): Promise<Found> {
  if (phononUuid !== undefined) {
    return await findSms(session, { kind: 'phononUuid', phononUuid }, limit);
  }
  const day = dayOf(command, session, on);
  if (what === undefined) return await findSms(session, { kind: 'number', number, day }, limit);
  const result = await searchSms(session, { what, day }, { limit, isExplained: true });
  if (result.kind === 'none') throw new Refused(result.said.join(' '));
  return result;
}

function dayOf(command: Command, { config }: Session, on: string): Day {
  const day = readDay(on, createTimeZone(config.call.payloadTimeZone));
  return (
    day ??
    command.error("error: option '--on' is not a day, such as 2026-01-31, yesterday or monday")
  );
}

/** Each by itself with what became of it, where that was asked; else a table. */
function foundText(all: readonly FoundSms[], rest: string | null, page: Page): string {
  const isExplained = all.every(({ facts }) => facts !== null);
  const parts = [
    `${several(all.length, 'SMS').replace(/SMSs$/, 'SMS')}, most recently sent first:`,
    ...(isExplained ? all.map((each) => entryOf(each, page)) : [tableOf(all, page)]),
    ...(rest === null ? [] : [rest]),
    `"explain <sms>" shows the details, "replay <sms>" sends the notification again.`,
  ];
  return parts.join('\n\n');
}

function entryOf({ data, facts }: FoundSms, page: Page): string {
  return page.list([
    ['sms', data.smsId],
    ['to', textOf(data.to)],
    ['account', textOf(data.accountId)],
    ['flow', textOf(data.flowId)],
    ['sent', page.at(data.sendTime)],
    ['status', `${textOf(data.deliveryStatus)}, ${page.at(data.statusTime)}`],
    ['record', recordOf(data)],
    ['what happened', facts === null ? '' : verdictOf(facts, page)],
  ]);
}

function tableOf(all: readonly FoundSms[], page: Page): string {
  return page.table(
    ['sms', 'account', 'flow', 'sent', 'status', 'record'],
    all.map(({ data }) => [
      data.smsId,
      textOf(data.accountId),
      textOf(data.flowId),
      page.at(data.sendTime),
      textOf(data.deliveryStatus),
      recordOf(data),
    ]),
  );
}

function recordOf({ state, reason }: FoundSms['data']): string {
  if (state === null) return 'none';
  return reason === null ? textOf(state) : `${textOf(state)} / ${textOf(reason)}`;
}

function textOf(value: PlainValue): string {
  if (value === null) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
