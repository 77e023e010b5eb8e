import type { PlainDocument, PlainValue } from '../../domain/plainValue.ts';
import { list, table } from '../table.ts';
import type { EndFacts } from '../../mongo/operator/smsFacts.ts';
import type { ParkedFacts } from '../../mongo/operator/parkedList.ts';
import { apart } from '../unreadable.ts';
import { moment } from '../words.ts';
import type { RouteFacts, SmsFacts } from './gatherFacts.ts';

/** The facts for people, from the settings to the response. */
export function factsText(facts: SmsFacts, explanation: string): string {
  const { document, notificationId, route, record, parked, ended } = facts;
  const sections = [
    explanation,
    section('Document', [
      ['status', textOf(document.deliveryStatus)],
      ['at', document.statusTime === null ? 'it has no time' : moment(document.statusTime)],
      ['account', textOf(document.accountId)],
      ['flow', textOf(document.flowId)],
      ...(document.problem === null ? [] : [['problem', document.problem] as const]),
    ]),
    ...(route === null ? [] : [section('Settings now', routeLines(route))]),
    ...(record === null ? [] : [section('Record', recordLines(record)), ...historyOf(record)]),
    ...waitingText(parked),
    ...endedText(ended),
    list([
      ['webhook-id', notificationId ?? 'none'],
      ['checkpoint', facts.checkpointAt === null ? 'none' : moment(facts.checkpointAt)],
      ['worker', facts.isWorkerRunning ? 'running' : 'none has the lease'],
    ]),
  ];
  return sections.join('\n\n');
}

function waitingText(parked: readonly ParkedFacts[]): readonly string[] {
  const { readable, unreadable } = apart(parked, ({ notificationId }) => notificationId);
  const rows = readable.map((row) => [
    row.deliveryStatus ?? '?',
    String(row.attempts),
    String(row.lastStatusCode ?? row.lastError ?? ''),
    row.isClaimed || row.nextAttemptAt === null ? 'being called' : moment(row.nextAttemptAt),
  ]);
  const tables = rows.length === 0 ? [] : [table(['status', 'attempts', 'last', 'next'], rows)];
  return underTitle('Waiting', [...tables, ...unreadable]);
}

function endedText(ended: readonly EndFacts[]): readonly string[] {
  const { readable, unreadable } = apart(ended, ({ notificationId }) => notificationId);
  const rows = readable.map((row) => [
    statusIn(row.notificationId),
    row.state ?? '?',
    row.endedAt === null ? '?' : moment(row.endedAt),
  ]);
  const tables = rows.length === 0 ? [] : [table(['status', 'state', 'at'], rows)];
  return underTitle('Ended', [...tables, ...unreadable]);
}

function underTitle(title: string, parts: readonly string[]): readonly string[] {
  return parts.length === 0 ? [] : [`${title}\n${parts.join('\n\n')}`];
}

function section(title: string, lines: readonly (readonly [string, string])[]): string {
  return `${title}\n${list(lines)}`;
}

function routeLines(route: RouteFacts): readonly (readonly [string, string])[] {
  if (route.error !== null) return [['MySQL', route.error]];
  return [
    ['step 1, opted in', yesNo(route.isOptedIn)],
    [
      'step 2, default webhook',
      route.webhookId === null ? 'none' : `${route.webhookId}, ${route.url ?? 'no URL'}`,
    ],
    ['step 3, flow enabled', yesNo(route.isFlowEnabled)],
    ...(route.problem === null ? [] : [['problem', route.problem] as const]),
    ['endpoint', route.isEndpointDisabled ? 'disabled' : 'not disabled'],
  ];
}

/** In the record's own order, without what is listed elsewhere. */
function recordLines(record: PlainDocument): readonly (readonly [string, string])[] {
  return Object.keys(record)
    .filter((name) => name !== 'history' && name !== 'earlier')
    .map((name) => [name, textOf(record[name] ?? null)] as const);
}

function historyOf(record: PlainDocument): readonly string[] {
  return (['history', 'earlier'] as const).flatMap((name) => {
    const entries = record[name];
    if (!Array.isArray(entries)) return [];
    const rows = (entries as readonly PlainValue[]).map((entry) => [JSON.stringify(entry)]);
    return rows.length === 0 ? [] : [table([`Record, ${name}`], rows)];
  });
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

function textOf(value: PlainValue): string {
  if (value instanceof Date) return moment(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function yesNo(is: boolean): string {
  return is ? 'yes' : 'no';
}
