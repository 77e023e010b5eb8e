import type { PlainDocument, PlainValue } from '../../domain/plainValue.ts';
import type { ParkedFacts } from '../../mongo/operator/parkedList.ts';
import { moment } from '../words.ts';
import type { RouteFacts, SmsFacts } from './gatherFacts.ts';

/** What follows from the facts, in one or two sentences. The first that applies, in the worker's order. */
export function explanationOf(facts: SmsFacts): string {
  const { document, notificationId } = facts;
  if (document.deliveryStatus === null) return 'It has no delivery status yet: nothing to tell.';
  const parked = facts.parked.find((row) => row.notificationId === notificationId);
  if (parked !== undefined) return waiting(parked, facts);
  const shown = facts.record?.['notificationId'] === notificationId ? facts.record : null;
  if (shown?.['state'] === 'retrying') {
    return 'Its record shows that it waits, but nothing waits in durable state: it has ended at this moment, or will be read again.';
  }
  if (shown !== null) return endedAs(shown);
  const ended = facts.ended.find((row) => row.notificationId === notificationId);
  if (ended !== undefined) {
    if (ended.unreadable !== undefined) {
      return `It has ended; its row in the ledger is unreadable: ${ended.unreadable}. It is not told again within REMEMBER.`;
    }
    const at = ended.endedAt?.toISOString() ?? '?';
    return `It ended as ${ended.state ?? '?'} at ${at}; the document does not show it: by RECORD_SKIPS=false, since it refused the record, or since it was written over. It is not told again within REMEMBER.`;
  }
  return neverTold(facts);
}

function waiting(row: ParkedFacts, facts: SmsFacts): string {
  if (row.unreadable !== undefined) {
    return `It waits, but its row in durable state is unreadable: ${row.unreadable}. Mend the row; "retries run" then has it read again.`;
  }
  if (row.isClaimed || row.nextAttemptAt === null) return 'A worker is calling, or about to.';
  const due = moment(row.nextAttemptAt);
  return `It waits for attempt ${row.attempts + 1}, due ${due}. ${obstacle(facts) ?? ''}`.trim();
}

function textOf(value: PlainValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

function endedAs(record: PlainDocument): string {
  const reason = typeof record['reason'] === 'string' ? ` / ${record['reason']}` : '';
  const attempts = Number(record['attempts'] ?? 0);
  const calls = attempts === 0 ? 'no call' : `${attempts} ${attempts === 1 ? 'call' : 'calls'}`;
  return `It ended as ${textOf(record['state'])}${reason}, after ${calls}. "replay" tells it again.`;
}

/** Nothing is recorded of its present status. */
function neverTold(facts: SmsFacts): string {
  const { document, route, checkpointAt, isWorkerRunning } = facts;
  if (document.isFiltered) return 'It is not told: DELIVERY_STATUSES leaves its status out.';
  if (document.problem !== null) {
    return `It can't be told: ${document.problem}.`;
  }
  const because = obstacle(facts);
  if (because !== null) return because;
  if (route === null) return 'Nothing is known of it.';
  const written = document.statusTime;
  const isAhead = checkpointAt === null || (written !== null && written > checkpointAt);
  if (isAhead) {
    return isWorkerRunning
      ? 'It would be told; the worker has not come to it yet.'
      : 'It would be told, but no worker runs.';
  }
  return 'It would be told now, but the worker has passed it: its status was written before the first worker started, while a setting was different, or longer ago than REMEMBER. "backfill" tells it.';
}

/** What keeps it from being called, by the settings as they are now. */
function obstacle({ route, document }: SmsFacts): string | null {
  if (route === null) return null;
  if (route.error !== null) return `MySQL could not be asked: ${route.error}`;
  return firstBroken(route, textOf(document.accountId), textOf(document.flowId));
}

function firstBroken(route: RouteFacts, account: string, flow: string): string | null {
  if (!route.isOptedIn) {
    return `Step 1: account ${account} has not opted in; its account.sms.notifyOnDelivery is not "true".`;
  }
  if (route.webhookId === null) return `Step 2: account ${account} has no default webhook.`;
  if (!route.isFlowEnabled) {
    return `Step 3: flow ${flow} has its webhook not enabled, or belongs to another account.`;
  }
  if (route.problem !== null)
    return `Webhook ${route.webhookId} can't be called: ${route.problem}.`;
  if (route.isEndpointDisabled) {
    return `The endpoint of webhook ${route.webhookId} is disabled: "endpoints enable ${route.webhookId}" has it called again.`;
  }
  return null;
}
