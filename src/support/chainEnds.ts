import { asSentence, lamp, type ChainFacts, type Lamp } from './chainLink.ts';
import type { NotifiedFacts } from './recordFacts.ts';
import type { WaitingFacts } from './smsFacts.ts';
import {
  becauseOf,
  isAhead,
  notShown,
  passedBy,
  spared,
  textOf,
  unreadableRow,
  waitingRow,
  whenServed,
} from './verdict.ts';
import { answerText, several } from './words.ts';

/** @param isOpen the status is to be notified, and all three steps are set */
export function callsLamp(known: ChainFacts, isOpen: boolean): Lamp {
  const row = waitingRow(known.facts);
  if (row !== undefined) return waitingCalls(row, known, isOpen);
  if (known.notified !== null) return endedCalls(known.notified, known);
  return noCalls(known, isOpen);
}

/** Nothing is recorded, and nothing waits. */
function noCalls({ facts, times, reader }: ChainFacts, isOpen: boolean): Lamp {
  const { route } = facts;
  if (!isOpen || route === null) return lamp('not reached', 'No call has been made.');
  if (route.reason === 'endpoint_disabled') {
    return lamp('broken', becauseOf(route.reason, facts, { times, reader }));
  }
  if (!isAhead(facts)) return lamp('broken', asSentence(passedBy(reader)));
  if (!facts.isWorkerRunning) return lamp('broken', 'No worker is running.');
  const waits = spared(route.blocked, times);
  return lamp('waiting', ['The worker has not reached it yet.', waits ?? []].flat().join(' '));
}

function waitingCalls(row: WaitingFacts, known: ChainFacts, isOpen: boolean): Lamp {
  const { facts, times, reader } = known;
  const { route } = facts;
  if (row.unreadable !== undefined) {
    return lamp('unknown', asSentence(unreadableRow(row.unreadable, reader)));
  }
  if (row.isClaimed || row.nextAttemptAt === null) {
    return lamp('waiting', 'A worker is calling it, or is about to.');
  }
  const so = callsSoFar(row);
  const due = times.moment(row.nextAttemptAt);
  if (route !== null && route.error !== null) {
    return lamp('waiting', `${so} It waits until MySQL answers.`);
  }
  if (route?.reason === 'endpoint_disabled') {
    return lamp('broken', `${so} ${becauseOf(route.reason, facts, { times, reader })}`);
  }
  if (!isOpen) {
    return lamp(
      'waiting',
      `${so} It is due ${due}, and ends without a call then unless all steps are set.`,
    );
  }
  const waits = spared(row.blocked, times);
  if (waits !== null) return lamp('waiting', `${so} ${waits}`);
  if (row.nextAttemptAt > new Date()) {
    return lamp('waiting', `${so} Attempt ${row.attempts + 1} is due ${due}.`);
  }
  return lamp(facts.isWorkerRunning ? 'waiting' : 'broken', `${so} ${whenServed(due, facts)}`);
}

function callsSoFar({ attempts, lastStatusCode, lastError, lastLocation }: WaitingFacts): string {
  if (attempts === 0) return 'No call so far.';
  const answer = answerText({ statusCode: lastStatusCode, error: lastError });
  return `${several(attempts, 'call')} so far, the last: ${answer}${redirect(lastLocation)}.`;
}

function redirect(location: string | null): string {
  return location === null ? '' : `, which redirects to ${location} (not followed)`;
}

function endedCalls(notified: NotifiedFacts, { times }: ChainFacts): Lamp {
  const { state, reason, attempts, at, endedAt, location, unreadable } = notified;
  if (state === 'skipped' || (reason === 'invalid_webhook' && attempts === 0)) {
    return lamp('not reached', 'No call was made.');
  }
  if (!notified.isShown && unreadable !== null) {
    return lamp('unknown', `It has ended; its row in the ledger is unreadable: ${unreadable}.`);
  }
  const answer = `${answerText(notified)}${redirect(location)}`;
  if (state === 'delivered') {
    return lamp('ok', `Delivered ${times.at(at ?? endedAt)} by call ${attempts}: ${answer}.`);
  }
  if (state === 'retrying') {
    const sentence = `${several(attempts, 'call')} so far. Nothing waits in durable state: it has just ended, or will be read again.`;
    return lamp('waiting', sentence);
  }
  if (state !== 'failed') {
    return lamp('unknown', `Its record has a state that no worker writes: ${state ?? 'none'}.`);
  }
  const calls =
    attempts === 0
      ? 'No call was made.'
      : `${several(attempts, 'call')}, the last ${times.at(at)}: ${answer}.`;
  return lamp('broken', `${whyFailed[reason ?? ''] ?? `It failed: ${reason ?? '?'}.`} ${calls}`);
}

/** What each reason of a failure means. */
const whyFailed: Readonly<Record<string, string>> = {
  attempts_exhausted: 'The last attempt failed too.',
  expired: 'The next attempt could not begin within GIVE_UP_AFTER.',
  endpoint_gone: 'The receiver answered 410: nothing more is sent to this URL.',
  endpoint_disabled: 'Its endpoint was disabled when it was due.',
  aborted_by_receiver: 'The receiver asked not to be called again for it.',
  blocked_address: "The webhook's address may not be called.",
  invalid_webhook: 'The webhook could not be called any more as it was set.',
  notification_withdrawn: 'One of steps 1 to 3 was switched off while it waited.',
};

export function recordLamp({ facts, notified, times }: ChainFacts): Lamp {
  const row = waitingRow(facts);
  if (notified?.isShown === true) {
    const { state, reason } = notified;
    const shown = reason === null ? (state ?? '?') : `${state ?? '?'} / ${reason}`;
    return lamp('ok', `The document shows it: ${shown}.`);
  }
  if (row !== undefined) {
    return row.attempts === 0
      ? lamp('not reached', 'The document shows it from the first call on.')
      : lamp('waiting', 'The document does not show it yet.');
  }
  if (notified === null)
    return lamp('not reached', `Nothing is recorded of it.${otherRecord(facts)}`);
  const { state, endedAt } = notified;
  const ended = `It ended as ${state ?? '?'} at ${times.at(endedAt)}; ${notShown}.`;
  return lamp(state === 'skipped' ? 'unknown' : 'broken', ended);
}

function otherRecord({ record, document }: ChainFacts['facts']): string {
  const status = record?.['deliveryStatus'] ?? null;
  const isOther = status !== null && status !== document.deliveryStatus;
  return isOther ? ` The document shows the record of ${textOf(status)}.` : '';
}
