import type { ReasonNow } from '../domain/decision.ts';
import type { PlainDocument, PlainValue } from '../domain/plainValue.ts';
import type { RouteFacts, SmsFacts, WaitingFacts } from './smsFacts.ts';
import { endpointText, whyBlocked, type Reader, type Times } from './words.ts';

/** What follows from the facts, in one or two sentences. The first that applies, in the worker's order. */
export function verdictOf(facts: SmsFacts, times: Times, reader: Reader = 'shell'): string {
  const { document, notificationId } = facts;
  if (document.deliveryStatus === null) return 'It has no delivery status yet: nothing to notify.';
  const row = waitingRow(facts);
  if (row !== undefined) return waiting(row, facts, { times, reader });
  const shown = shownRecord(facts);
  if (shown?.['state'] === 'retrying') {
    return 'Its record says that it is waiting, but durable state has no row for it: it has just ended, or will be read again.';
  }
  if (shown !== null) return endedAs(shown);
  const ended = facts.ended.find((end) => end.notificationId === notificationId);
  if (ended !== undefined) {
    if (ended.unreadable !== undefined) {
      return `It has ended; its row in the ledger is unreadable: ${ended.unreadable}. It is not notified again within REMEMBER.`;
    }
    const at = times.at(ended.endedAt);
    return `It ended as ${ended.state ?? '?'} at ${at}; ${notShown}. It is not notified again within REMEMBER.`;
  }
  return neverNotified(facts, times, reader);
}

/** Why a document may show no record of what the ledger remembers. */
export const notShown =
  'the document does not show it: because of RECORD_SKIPS=false, because it refused the record, or because it was overwritten';

/** That of its present status. */
export function waitingRow({ parked, notificationId }: SmsFacts): WaitingFacts | undefined {
  return parked.find((row) => row.notificationId === notificationId);
}

/** The record in the document, if it is of its present status. */
export function shownRecord({ record, notificationId }: SmsFacts): PlainDocument | null {
  return record?.['notificationId'] === notificationId ? record : null;
}

interface Wording {
  readonly times: Times;
  readonly reader: Reader;
}

function waiting(row: WaitingFacts, facts: SmsFacts, { times, reader }: Wording): string {
  if (row.unreadable !== undefined) return `It waits, but ${unreadableRow(row.unreadable, reader)}`;
  if (row.isClaimed || row.nextAttemptAt === null) return 'A worker is calling it, or is about to.';
  const attempt = `It waits for attempt ${row.attempts + 1}`;
  const because = obstacle(facts, times, reader) ?? spared(row.blocked, times);
  if (row.nextAttemptAt > new Date()) {
    return `${attempt}, due ${times.moment(row.nextAttemptAt)}. ${because ?? ''}`.trim();
  }
  return `${attempt}. ${because ?? whenServed(times.moment(row.nextAttemptAt), facts)}`;
}

/** `problem`: what is wrong with it. */
export function unreadableRow(problem: string, reader: Reader): string {
  const act = reader === 'page' ? '"Run now"' : '"retries run"';
  return `its row in durable state is unreadable: ${problem}. Fix the row; ${act} then reads it again.`;
}

/** Nothing blocks it. */
export function whenServed(due: string, { isWorkerRunning }: SmsFacts): string {
  const since = `It has been due since ${due}`;
  return isWorkerRunning
    ? `${since}; the worker is about to call.`
    : `${since}; no worker is running.`;
}

/** An attempt that is not made while a breaker is open counts as none. */
export function spared(blocked: WaitingFacts['blocked'], times: Times): string | null {
  if (blocked?.kind !== 'breaker_open') return null;
  return `No attempt is used meanwhile because its breaker is open: ${endpointText(blocked)}: ${whyBlocked(blocked, times)}`;
}

export function textOf(value: PlainValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

function endedAs(record: PlainDocument): string {
  const reason = typeof record['reason'] === 'string' ? ` / ${record['reason']}` : '';
  const attempts = Number(record['attempts'] ?? 0);
  const calls = attempts === 0 ? 'no call' : `${attempts} ${attempts === 1 ? 'call' : 'calls'}`;
  return `It ended as ${textOf(record['state'])}${reason}, after ${calls}.`;
}

/** Nothing is recorded of its present status. */
function neverNotified(facts: SmsFacts, times: Times, reader: Reader): string {
  const { document, route, isWorkerRunning } = facts;
  if (document.isFiltered) return notWanted;
  if (document.problem !== null) {
    return `It can't be notified: ${document.problem}.`;
  }
  const because = obstacle(facts, times, reader);
  if (because !== null) return because;
  if (route === null) return 'Nothing is known about it.';
  if (isAhead(facts)) {
    return isWorkerRunning
      ? `It would be notified; the worker has not reached it yet. ${spared(route.blocked, times) ?? ''}`.trim()
      : 'It would be notified, but no worker is running.';
  }
  return `It would be notified now, but ${passedBy(reader)}`;
}

export const notWanted = 'It is not notified: DELIVERY_STATUSES does not include its status.';

/** Why nothing was done for a status that nothing stands in the way of. */
export function passedBy(reader: Reader): string {
  const act = reader === 'page' ? '"Send again"' : '"backfill"';
  return `the worker has passed it: its status was written before the first worker started, while a setting was different, or longer ago than REMEMBER. ${act} notifies it.`;
}

/** The worker has yet to come to it. */
export function isAhead({ document: { statusTime }, checkpointAt }: SmsFacts): boolean {
  return checkpointAt === null || (statusTime !== null && statusTime > checkpointAt);
}

/** What keeps it from being called, by the settings as they are now. */
export function obstacle(facts: SmsFacts, times: Times, reader: Reader = 'shell'): string | null {
  const { route } = facts;
  if (route === null) return null;
  if (route.error !== null) return unasked(route.error);
  return route.reason === null ? null : becauseOf(route.reason, facts, { times, reader });
}

/** MySQL could not be asked. */
export function unasked(error: string): string {
  return `MySQL could not be queried: ${error.replace(/\.$/, '')}.`;
}

/** What a reason says of this SMS, by the settings as they are now. */
export function becauseOf(
  reason: ReasonNow,
  { route, document }: SmsFacts,
  { times, reader }: Wording,
): string {
  const account = textOf(document.accountId);
  const webhookId = route?.webhookId ?? '?';
  switch (reason) {
    case 'not_opted_in':
      return `Step 1: account ${account} has not opted in; its account.sms.notifyOnDelivery is not "true".`;
    case 'no_default_webhook':
      return `Step 2: account ${account} has no default webhook.`;
    case 'flow_webhook_disabled':
      return `Step 3: flow ${textOf(document.flowId)} does not have its webhook enabled, or belongs to another account.`;
    case 'invalid_webhook':
      return `Webhook ${webhookId} can't be called: ${problemOf(route)}.`;
    case 'endpoint_disabled': {
      const blocked = route?.blocked ?? null;
      const why = blocked === null ? 'disabled' : whyBlocked(blocked, times, reader);
      return `The endpoint of webhook ${webhookId} is ${why}`;
    }
    default:
      return reason satisfies never;
  }
}

function problemOf(route: RouteFacts | null): string {
  return route?.problem ?? 'it is not set as it must be';
}
