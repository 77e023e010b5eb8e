import type { PlainDocument, PlainValue } from '../domain/plainValue.ts';
import type { RouteFacts, SmsFacts, WaitingFacts } from './smsFacts.ts';
import { endpointText, whyBlocked, type Times } from './words.ts';

/** What follows from the facts, in one or two sentences. The first that applies, in the worker's order. */
export function verdictOf(facts: SmsFacts, times: Times): string {
  const { document, notificationId } = facts;
  if (document.deliveryStatus === null) return 'It has no delivery status yet: nothing to notify.';
  const row = waitingRow(facts);
  if (row !== undefined) return waiting(row, facts, times);
  const shown = facts.record?.['notificationId'] === notificationId ? facts.record : null;
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
    return `It ended as ${ended.state ?? '?'} at ${at}; the document does not show it: because of RECORD_SKIPS=false, because it refused the record, or because it was overwritten. It is not notified again within REMEMBER.`;
  }
  return neverNotified(facts, times);
}

/** That of its present status. */
export function waitingRow({ parked, notificationId }: SmsFacts): WaitingFacts | undefined {
  return parked.find((row) => row.notificationId === notificationId);
}

function waiting(row: WaitingFacts, facts: SmsFacts, times: Times): string {
  if (row.unreadable !== undefined) {
    return `It waits, but its row in durable state is unreadable: ${row.unreadable}. Fix the row; "retries run" then reads it again.`;
  }
  if (row.isClaimed || row.nextAttemptAt === null) return 'A worker is calling it, or is about to.';
  const attempt = `It waits for attempt ${row.attempts + 1}`;
  const because = obstacle(facts, times) ?? spared(row.blocked, times);
  if (row.nextAttemptAt > new Date()) {
    return `${attempt}, due ${times.moment(row.nextAttemptAt)}. ${because ?? ''}`.trim();
  }
  return `${attempt}. ${because ?? whenServed(times.moment(row.nextAttemptAt), facts)}`;
}

/** Nothing blocks it. */
function whenServed(due: string, { isWorkerRunning }: SmsFacts): string {
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
function neverNotified(facts: SmsFacts, times: Times): string {
  const { document, route, isWorkerRunning } = facts;
  if (document.isFiltered)
    return 'It is not notified: DELIVERY_STATUSES does not include its status.';
  if (document.problem !== null) {
    return `It can't be notified: ${document.problem}.`;
  }
  const because = obstacle(facts, times);
  if (because !== null) return because;
  if (route === null) return 'Nothing is known about it.';
  if (isAhead(facts)) {
    return isWorkerRunning
      ? `It would be notified; the worker has not reached it yet. ${spared(route.blocked, times) ?? ''}`.trim()
      : 'It would be notified, but no worker is running.';
  }
  return 'It would be notified now, but the worker has passed it: its status was written before the first worker started, while a setting was different, or longer ago than REMEMBER. "backfill" notifies it.';
}

/** The worker has yet to come to it. */
export function isAhead({ document: { statusTime }, checkpointAt }: SmsFacts): boolean {
  return checkpointAt === null || (statusTime !== null && statusTime > checkpointAt);
}

/** What keeps it from being called, by the settings as they are now. */
export function obstacle({ route, document }: SmsFacts, times: Times): string | null {
  if (route === null) return null;
  if (route.error !== null) return `MySQL could not be queried: ${route.error.replace(/\.$/, '')}.`;
  const account = textOf(document.accountId);
  return firstBroken(route, { account, flow: textOf(document.flowId), times });
}

function firstBroken(
  route: RouteFacts,
  { account, flow, times }: Readonly<{ account: string; flow: string; times: Times }>,
): string | null {
  const { reason, webhookId } = route;
  switch (reason) {
    case 'not_opted_in':
      return `Step 1: account ${account} has not opted in; its account.sms.notifyOnDelivery is not "true".`;
    case 'no_default_webhook':
      return `Step 2: account ${account} has no default webhook.`;
    case 'flow_webhook_disabled':
      return `Step 3: flow ${flow} does not have its webhook enabled, or belongs to another account.`;
    case 'invalid_webhook':
      return `Webhook ${webhookId} can't be called: ${route.problem}.`;
    case 'endpoint_disabled': {
      const why = route.blocked === null ? 'disabled' : whyBlocked(route.blocked, times);
      return `The endpoint of webhook ${webhookId} is ${why}`;
    }
    case null:
      return null;
    default:
      return reason satisfies never;
  }
}
