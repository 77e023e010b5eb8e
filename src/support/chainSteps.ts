import type { ReasonNow } from '../domain/decision.ts';
import { asSentence, lamp, type ChainFacts, type Lamp } from './chainLink.ts';
import type { NotifiedFacts } from './recordFacts.ts';
import type { RouteFacts } from './smsFacts.ts';
import { becauseOf, textOf, unasked, waitingRow } from './verdict.ts';

type Steps = readonly [account: Lamp, webhook: Lamp, flow: Lamp];

/** Step 1, step 2 and step 3: as they were when it was decided, where its end tells; else as they are now. */
export function stepLamps(known: ChainFacts): Steps {
  const { facts, notified } = known;
  const now = stepsNow(known);
  // What waits is decided anew when it is due.
  if (notified === null || waitingRow(facts) !== undefined) return now;
  switch (notified.reason ?? '') {
    case 'no_default_webhook':
      return [
        passed(now[0]),
        stopped('The account had no default webhook then.', now[1]),
        notReached(now[2]),
      ];
    case 'invalid_webhook':
      return [
        passed(now[0]),
        stopped('The webhook could not be called then as it was set.', now[1]),
        passed(now[2]),
      ];
    case 'flow_webhook_disabled':
      return [
        passed(now[0]),
        passed(now[1]),
        stopped('The flow did not have its webhook enabled then.', now[2]),
      ];
    case 'notification_withdrawn':
      return now;
    default:
      return wasOpen(notified) ? [passed(now[0]), passed(now[1]), passed(now[2])] : now;
  }
}

/** All three steps were set when it was decided. */
function wasOpen({ state, webhookId, attempts }: NotifiedFacts): boolean {
  return state === 'delivered' || attempts > 0 || (state === 'failed' && webhookId !== null);
}

function passed({ state, sentence }: Lamp): Lamp {
  return lamp('ok', state === 'ok' ? sentence : `It was set then. Now: ${sentence}`);
}

function stopped(then: string, { sentence }: Lamp): Lamp {
  return lamp('broken', `${then} Now: ${sentence}`);
}

export function notReached({ sentence }: Lamp): Lamp {
  return lamp('not reached', sentence);
}

function stepsNow(known: ChainFacts): Steps {
  const { route } = known.facts;
  if (route === null)
    return all(lamp('unknown', 'It can only be looked up for a usable document.'));
  if (route.error !== null) return all(lamp('unknown', unasked(route.error)));
  return [accountLamp(known, route), webhookLamp(known, route), flowLamp(known, route)];
}

const all = (each: Lamp): Steps => [each, each, each];

function accountLamp(known: ChainFacts, { isOptedIn }: RouteFacts): Lamp {
  if (!isOptedIn) return broken('not_opted_in', known);
  return lamp('ok', `Account ${textOf(known.facts.document.accountId)} has opted in.`);
}

function webhookLamp(known: ChainFacts, { hasRow, webhookId, url, problem }: RouteFacts): Lamp {
  if (!hasRow) return noRow(known);
  if (webhookId === null) return broken('no_default_webhook', known);
  if (problem !== null) return broken('invalid_webhook', known);
  return lamp('ok', `Webhook ${webhookId}, ${url ?? 'no URL'}.`);
}

function flowLamp(known: ChainFacts, { hasRow, isFlowEnabled }: RouteFacts): Lamp {
  if (!hasRow) return noRow(known);
  if (!isFlowEnabled) return broken('flow_webhook_disabled', known);
  return lamp('ok', `Flow ${textOf(known.facts.document.flowId)} has its webhook enabled.`);
}

function noRow({ facts }: ChainFacts): Lamp {
  const account = textOf(facts.document.accountId);
  return lamp('unknown', `Not known while the route query returns no row for account ${account}.`);
}

/** Without the number of the step, which stands before it. */
function broken(reason: ReasonNow, { facts, times, reader }: ChainFacts): Lamp {
  const because = becauseOf(reason, facts, { times, reader });
  return lamp('broken', asSentence(because.replace(/^Step \d: /, '')));
}
