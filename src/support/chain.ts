import { callsLamp, recordLamp } from './chainEnds.ts';
import {
  lamp,
  linkTitles,
  type ChainFacts,
  type ChainLink,
  type Lamp,
  type LinkName,
  type Where,
} from './chainLink.ts';
import { notReached, stepLamps } from './chainSteps.ts';
import { notifiedOf } from './recordFacts.ts';
import type { SmsFacts } from './smsFacts.ts';
import { notWanted, textOf, waitingRow } from './verdict.ts';
import type { Reader, Times } from './words.ts';

/**
 * How far the present status has come, link by link. Of one that has ended it says how things were then, where that is
 * known; of any other, how they are now.
 */
export function chainOf(
  facts: SmsFacts,
  times: Times,
  reader: Reader = 'shell',
): readonly ChainLink[] {
  const known = { facts, notified: notifiedOf(facts), times, reader };
  const status = statusLamp(known);
  const isReached = status.state === 'ok';
  const [account, webhook, flow] = stepLamps(known);
  const step = (found: Lamp): Lamp => (isReached ? found : notReached(found));
  const isOpen = isReached && [account, webhook, flow].every(({ state }) => state === 'ok');
  const lamps: Readonly<Record<LinkName, Lamp>> = {
    status,
    'step 1': step(account),
    'step 2': step(webhook),
    'step 3': step(flow),
    calls: callsLamp(known, isOpen),
    record: recordLamp(known),
  };
  return linkNames.map((link) => ({ link, ...lamps[link], where: whereIs(link, known) }));
}

const linkNames = Object.keys(linkTitles) as readonly LinkName[];

/** Where the chain is broken, waits or can't be seen through first; null when all of it is as it should be. */
export function stopOf(chain: readonly ChainLink[]): ChainLink | null {
  return chain.find(({ state }) => state !== 'ok' && state !== 'not reached') ?? null;
}

function statusLamp({ facts, notified, times }: ChainFacts): Lamp {
  const { deliveryStatus, statusTime, problem, isFiltered } = facts.document;
  if (deliveryStatus === null) return lamp('waiting', 'It has no delivery status yet.');
  const status = textOf(deliveryStatus);
  const isPending = waitingRow(facts) !== undefined;
  if (!isPending && notified?.reason === 'stale') {
    return lamp('broken', `${status} came with a document that is older than MAX_STATUS_AGE.`);
  }
  if (!isPending && notified?.reason === 'unusable_document') {
    const now = problem ?? 'it can be used now';
    return lamp('broken', `The document could not be used. Now: ${now}.`);
  }
  if (!isPending && notified === null) {
    if (isFiltered) return lamp('broken', notWanted);
    if (problem !== null) return lamp('broken', `It can't be notified: ${problem}.`);
  }
  return lamp('ok', statusTime === null ? `${status}.` : `${status}, ${times.at(statusTime)}.`);
}

function whereIs(link: LinkName, { facts, notified }: ChainFacts): Where | null {
  const { document, route } = facts;
  if (route === null) return null;
  const accountId = textOf(document.accountId);
  const webhookId = route.webhookId === null ? null : String(route.webhookId);
  switch (link) {
    case 'step 1':
      return { kind: 'account', accountId };
    case 'step 2':
      return { kind: 'webhook', accountId, webhookId };
    case 'step 3':
      return { kind: 'flow', accountId, flowId: textOf(document.flowId) };
    case 'calls': {
      const called = notified?.webhookId ?? webhookId;
      return called === null ? null : { kind: 'endpoint', accountId, webhookId: called };
    }
    case 'status':
    case 'record':
      return null;
    default:
      return link satisfies never;
  }
}

/** Names the link at which it stops; null where it does not. */
export function stopSentence(chain: readonly ChainLink[]): string | null {
  const stop = stopOf(chain);
  if (stop === null) return null;
  const at = linkTitles[stop.link];
  if (stop.state === 'unknown') return `It is not known how it went at: ${at}.`;
  return stop.state === 'broken' ? `It stops at: ${at}.` : `It waits at: ${at}.`;
}
