import { Command } from 'commander';
import { isPlainDocument, type PlainDocument, type PlainValue } from '../../domain/plainValue.ts';
import { adviceOf, type Advice } from '../../support/advice.ts';
import { chainOf } from '../../support/chain.ts';
import { linkTitles, type ChainLink } from '../../support/chainLink.ts';
import type { Session } from '../../support/session.ts';
import {
  findSmsFacts,
  type RouteFacts,
  type SmsFacts,
  type WaitingFacts,
} from '../../support/smsFacts.ts';
import { verdictOf } from '../../support/verdict.ts';
import { utcTimes, whyBlocked } from '../../support/words.ts';
import { actCommand } from '../actCommand.ts';
import type { CommandResult, CommandRunner } from '../environment.ts';
import { apart, type Page } from '../output/page.ts';
import { commandLine } from '../output/table.ts';

const help = `
Shows everything about one SMS: how far its status came, link by link, from MongoDB over the
three steps and the calls to the record; the content of the document, the settings as they
are now, the calls and their answers, and waiting notifications. It names what blocks the
notification now, the commands that fix it, and the command that resends it. The id is
the document's _id; write an ObjectId, UUID or number as text.

Example:
  npm run cli -- explain 290a4138-5729-475f-95e1-9ff30f851d67

The exit code is 1 if there is no such SMS.`;

export function explain(cli: CommandRunner): Command {
  return new Command('explain')
    .description('explain what happened, or would happen, to one SMS')
    .argument('<smsId>', "the document's _id")
    .addHelpText('after', help)
    .action(
      async (smsId: string) => await cli.run(async (session) => await explainSms(session, smsId)),
    );
}

async function explainSms(session: Session, smsId: string): Promise<CommandResult> {
  const facts = await findSmsFacts(session, smsId);
  const asked = { smsId, cacheTtlMs: session.config.routeCache.ttlMs };
  const data = {
    smsId,
    explanation: verdictOf(facts, utcTimes),
    advice: adviceData(adviceOf(facts, asked, utcTimes)),
    chain: chainOf(facts, utcTimes),
    ...facts,
  };
  return {
    data,
    text: (page) => {
      const said = [verdictOf(facts, page), ...adviceText(adviceOf(facts, asked, page), page)];
      return factsText(facts, said.join('\n\n'), page);
    },
  };
}

export function adviceText(advice: Advice | null, page: Page): readonly string[] {
  if (advice === null) return [];
  const commands = advice.acts.map((act) => page.command(actCommand(act)));
  return [advice.text, ...(commands.length === 0 ? [] : [commands.join('\n')])];
}

/** The commands as a shell reads them. */
export function adviceData(
  advice: Advice | null,
): (Omit<Advice, 'acts'> & { readonly commands: readonly string[] }) | null {
  if (advice === null) return null;
  const { acts, ...rest } = advice;
  const commands = acts.map((act) => commandLine(actCommand(act), null).trim());
  return { ...rest, commands };
}

/** The facts for people, from the settings to the response. */
function factsText(facts: SmsFacts, explanation: string, page: Page): string {
  const { document, notificationId, route, record, parked, ended } = facts;
  const { moment } = page;
  const section = (title: string, lines: readonly (readonly [string, string])[]): string =>
    `${title}\n${page.list(lines)}`;
  const sections = [
    explanation,
    section('From the status to the record', chainLines(chainOf(facts, page))),
    section('Document', [
      ['status', textOf(document.deliveryStatus, page)],
      ['at', document.statusTime === null ? 'no time' : moment(document.statusTime)],
      ['account', textOf(document.accountId, page)],
      ['flow', textOf(document.flowId, page)],
      ...(document.problem === null ? [] : [['problem', document.problem] as const]),
    ]),
    ...(route === null ? [] : [section('Settings now', routeLines(route, page))]),
    ...(record === null
      ? []
      : [section('Record', recordLines(record, page)), ...historyOf(record, page)]),
    ...waitingText(parked, page),
    ...endedText(ended, page),
    page.list([
      ['webhook-id', notificationId ?? 'none'],
      ['checkpoint', facts.checkpointAt === null ? 'none' : moment(facts.checkpointAt)],
      ['worker', facts.isWorkerRunning ? 'running' : 'none is active'],
    ]),
  ];
  return sections.join('\n\n');
}

function nextOf({ isClaimed, nextAttemptAt, blocked }: WaitingFacts, { moment }: Page): string {
  if (isClaimed || nextAttemptAt === null) return 'being called';
  if (nextAttemptAt > new Date() || blocked === null) return moment(nextAttemptAt);
  return blocked.kind === 'breaker_open' ? 'when its breaker closes' : 'its endpoint is disabled';
}

function waitingText(parked: readonly WaitingFacts[], page: Page): readonly string[] {
  const { readable, unreadable } = apart(parked, ({ notificationId }) => notificationId, page);
  const rows = readable.map((row) => [
    row.deliveryStatus ?? '?',
    String(row.attempts),
    lastOf(row),
    nextOf(row, page),
  ]);
  const tables =
    rows.length === 0 ? [] : [page.table(['status', 'attempts', 'last', 'next'], rows)];
  return underTitle('Waiting', [...tables, ...unreadable]);
}

function lastOf({ lastStatusCode, lastError, lastLocation }: WaitingFacts): string {
  const outcome = String(lastStatusCode ?? lastError ?? '');
  return lastLocation === null
    ? outcome
    : `${outcome}, redirects to ${lastLocation} (not followed)`;
}

function endedText(ended: SmsFacts['ended'], page: Page): readonly string[] {
  const { readable, unreadable } = apart(ended, ({ notificationId }) => notificationId, page);
  const isRedirected = readable.some(({ location }) => location !== null);
  const rows = readable.map((row) => [
    statusIn(row.notificationId),
    row.state ?? '?',
    row.endedAt === null ? '?' : page.moment(row.endedAt),
    ...(isRedirected ? [row.location ?? ''] : []),
  ]);
  const headings = ['status', 'state', 'at', ...(isRedirected ? ['redirected to'] : [])];
  const tables = rows.length === 0 ? [] : [page.table(headings, rows)];
  return underTitle('Ended', [...tables, ...unreadable]);
}

function underTitle(title: string, parts: readonly string[]): readonly string[] {
  return parts.length === 0 ? [] : [`${title}\n${parts.join('\n\n')}`];
}

function routeLines(route: RouteFacts, page: Page): readonly (readonly [string, string])[] {
  if (route.error !== null) return [['MySQL', route.error]];
  return [
    ['step 1, opted in', yesNo(route.isOptedIn)],
    [
      'step 2, default webhook',
      route.webhookId === null ? 'none' : `${route.webhookId}, ${route.url ?? 'no URL'}`,
    ],
    ['step 3, flow enabled', yesNo(route.isFlowEnabled)],
    ...(route.problem === null ? [] : [['problem', route.problem] as const]),
    ['endpoint', route.blocked === null ? 'called' : whyBlocked(route.blocked, page)],
  ];
}

function chainLines(chain: readonly ChainLink[]): readonly (readonly [string, string])[] {
  return chain.map(({ link, state, sentence }) => [linkTitles[link], `${state}: ${sentence}`]);
}

/** In the record's own order, without what is listed elsewhere. */
function recordLines(record: PlainDocument, page: Page): readonly (readonly [string, string])[] {
  return Object.keys(record)
    .filter((name) => name !== 'history' && name !== 'earlier')
    .map((name) => [name, textOf(record[name] ?? null, page)] as const);
}

function historyOf(record: PlainDocument, page: Page): readonly string[] {
  return (['history', 'earlier'] as const).flatMap((name) => {
    const value = record[name];
    if (!Array.isArray(value) || value.length === 0) return [];
    const entries = (value as readonly PlainValue[]).map((entry) =>
      isPlainDocument(entry) ? entry : { entry },
    );
    const fields = [...new Set(entries.flatMap((entry) => Object.keys(entry)))];
    const rows = entries.map((entry) => fields.map((field) => cellOf(entry[field], page)));
    return [`Record, ${name}\n${page.table(fields, rows)}`];
  });
}

function cellOf(value: PlainValue | undefined, page: Page): string {
  if (value === undefined || value === null) return '';
  return value instanceof Date ? page.at(value) : textOf(value, page);
}

/** Its second half, as it is where nobody encoded it. */
function statusIn(notificationId: string): string {
  const encoded = notificationId.split(':')[1] ?? '';
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

const SHOWN = 500;

function textOf(value: PlainValue, { moment }: Page): string {
  if (value instanceof Date) return moment(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function yesNo(is: boolean): string {
  return is ? 'yes' : 'no';
}
