import type { ReasonNow } from '../domain/decision.ts';
import type { Act } from './acts.ts';
import type { RouteFacts, SmsFacts } from './smsFacts.ts';
import { isAhead, obstacle, shownRecord, spared, textOf, waitingRow } from './verdict.ts';
import type { Reader, Times } from './words.ts';

/** Who asks. */
export interface Asked {
  /** As it found the SMS. */
  readonly smsId: string;
  /** ROUTE_CACHE_TTL: for so long the worker may go by settings as they were. */
  readonly cacheTtlMs: number;
  /** At a shell when absent. */
  readonly reader?: Reader;
}

/** What helps as things are now, in the order in which it is to be done. */
export interface Advice {
  /** What stands in the way now; null when nothing does. */
  readonly obstacle: ReasonNow | 'unusable_document' | 'mysql' | null;
  /** At a shell it ends with a colon, since the commands come next. */
  readonly text: string;
  readonly acts: readonly Act[];
}

interface Asking extends Required<Asked> {
  readonly times: Times;
  /** What ends a text that the acts follow. */
  readonly end: ':' | '.';
}

/** Null where there is nothing to be done, or nothing but to wait. */
export function adviceOf(
  facts: SmsFacts,
  { smsId, cacheTtlMs, reader = 'shell' }: Asked,
  times: Times,
): Advice | null {
  const { document } = facts;
  const asking: Asking = {
    ...{ smsId, cacheTtlMs, reader, times },
    end: reader === 'page' ? '.' : ':',
  };
  if (document.deliveryStatus === null) return null;
  const row = waitingRow(facts);
  if (row !== undefined) {
    if (row.unreadable !== undefined || row.isClaimed) return null;
    return adviceWhileWaiting(facts, row.webhookId, asking);
  }
  if (shownRecord(facts)?.['state'] === 'retrying') return null;
  const isPending = !hasEnded(facts) && isAhead(facts) && !document.isFiltered;
  return toNotifyAgain(facts, isPending ? [] : [replayOf(facts, smsId)], asking);
}

function hasEnded(facts: SmsFacts): boolean {
  const { ended, notificationId } = facts;
  const isRemembered = ended.some((row) => row.notificationId === notificationId);
  return isRemembered || shownRecord(facts) !== null;
}

/** `replay` comes last, if at all: the worker has yet to come to a status that is pending. */
function toNotifyAgain(facts: SmsFacts, replay: readonly Act[], asking: Asking): Advice | null {
  const { document, route } = facts;
  const { times, reader, end } = asking;
  const then = replay.length === 0 ? '' : `; then notify again${unlessRunning(facts)}`;
  if (document.problem !== null) {
    const text = `It would be skipped again: ${document.problem}. Have the platform correct the document${then}${end}`;
    return { obstacle: 'unusable_document', text, acts: replay };
  }
  if (route === null) return null;
  const because = obstacle(facts, times, reader);
  if (because !== null) {
    const { acts, how, knownAfterMs } = remedyFor(facts, route, asking);
    // For one that was never notified, the explanation says so.
    const now =
      hasEnded(facts) || document.isFiltered ? `No call would be made now. ${because} ` : '';
    return {
      obstacle: route.reason ?? 'mysql',
      text: `${now}${how}${then}${end}`,
      acts: inTurn(acts, knownAfterMs, replay),
    };
  }
  if (replay.length === 0) return null;
  const [sentence, ...first] = beforeReplay(facts, reader);
  const waits = spared(route.blocked, times);
  const text = [
    sentence,
    ...(waits === null ? [] : [waits]),
    reader === 'page' ? unlessRunningSentence(facts) : `To notify again${unlessRunning(facts)}:`,
  ];
  return { obstacle: null, text: text.join(' ').trim(), acts: [...first, ...replay] };
}

function unlessRunning({ isWorkerRunning }: SmsFacts): string {
  return isWorkerRunning ? '' : ' (once a worker runs; none does now)';
}

function unlessRunningSentence({ isWorkerRunning }: SmsFacts): string {
  return isWorkerRunning ? '' : 'It is sent once a worker runs; none does now.';
}

/** It resumes by itself, unless an obstacle would end it. */
function adviceWhileWaiting(
  facts: SmsFacts,
  webhookId: RouteFacts['webhookId'],
  asking: Asking,
): Advice | null {
  const { route } = facts;
  const { times, reader } = asking;
  if (route === null) return null;
  const of = webhookId === null ? null : String(webhookId);
  if (obstacle(facts, times, reader) !== null) {
    const { acts, how, knownAfterMs } = remedyFor(facts, route, asking);
    const last =
      reader === 'page' ? '' : ' The last command makes everything that waits there due now:';
    return {
      obstacle: route.reason ?? 'mysql',
      text: `${how}; the notification resumes when it is due.${last}`,
      acts: inTurn(acts, knownAfterMs, [{ kind: 'runRetries', webhookId: of }]),
    };
  }
  if (route.blocked?.kind !== 'breaker_open') return null;
  const test = reader === 'page' ? 'A test call shows whether it works.' : 'To test it now:';
  const text = `Have the receiver fixed; the next probe then closes the breaker. ${test}`;
  return { obstacle: null, text, acts: [{ kind: 'testCall', accountId: accountOf(facts) }] };
}

interface Remedy {
  /** A sentence without its full stop. */
  readonly how: string;
  readonly acts: readonly Act[];
  /** To the worker. */
  readonly knownAfterMs: number;
}

/** What comes last must not find the worker with what it knew before. */
function inTurn(first: readonly Act[], waitMs: number, last: readonly Act[]): readonly Act[] {
  const isWaited = waitMs > 0 && last.length > 0;
  return [...first, ...(isWaited ? [{ kind: 'wait', ms: waitMs } as const] : []), ...last];
}

/** The worker reads which endpoints are disabled that often. */
const ENDPOINTS_KNOWN_MS = 5_000;

/** What removes the reason why no call is made. */
function remedyFor(
  facts: SmsFacts,
  { reason, webhookId }: RouteFacts,
  { cacheTtlMs: knownAfterMs, reader }: Asking,
): Remedy {
  const accountId = accountOf(facts);
  const flowId = textOf(facts.document.flowId);
  const remedy = (how: string, ...acts: readonly Act[]): Remedy => {
    return { how: `First ${how}`, acts, knownAfterMs };
  };
  const setWebhook = { kind: 'setWebhook', accountId } as const;
  switch (reason) {
    case 'not_opted_in':
      return remedy('opt in', { kind: 'optIn', accountId });
    case 'no_default_webhook': {
      const instead = reader === 'page' ? '' : ' instead of this one';
      return remedy(`set a default webhook, with the customer's URL${instead}`, setWebhook);
    }
    case 'flow_webhook_disabled':
      return remedy('enable it (this is refused if the flow belongs to another account)', {
        kind: 'enableFlow',
        ...{ accountId, flowId },
      });
    case 'invalid_webhook':
      return reader === 'page'
        ? remedy('correct it: its URL, its headers or its secret', setWebhook)
        : remedy(
            `correct it: look up its name, then set its URL (or "--secret generate", or "--header none"), with --name unless it is "default"`,
            { kind: 'showSetup', accountId },
            setWebhook,
          );
    case 'endpoint_disabled': {
      const how = 'make sure that its receiver accepts calls again, then enable it';
      const enable = { kind: 'enableEndpoint', webhookId: String(webhookId) } as const;
      return { ...remedy(how, enable), knownAfterMs: ENDPOINTS_KNOWN_MS };
    }
    case null: {
      const check = { kind: 'check', accountId, flowId } as const;
      return { ...remedy('make sure that MySQL answers', check), knownAfterMs: 0 };
    }
    default:
      return reason satisfies never;
  }
}

/** What to know or do before it is notified again, by why it ended; nothing stands in its way. */
function beforeReplay(
  facts: SmsFacts,
  reader: Reader,
): readonly [sentence: string, ...acts: Act[]] {
  const { document } = facts;
  const shown = shownRecord(facts);
  const accountId = accountOf(facts);
  if (shown === null && document.isFiltered) {
    return [
      'To notify others with this status, add it to DELIVERY_STATUSES and restart the worker; a replay does not need this.',
    ];
  }
  const reason = shown?.['reason'];
  switch (typeof reason === 'string' ? reason : null) {
    case 'stale':
      return ['Its age does not prevent a replay.'];
    case 'attempts_exhausted':
    case 'expired':
      return [
        'The settings are valid; a test call shows whether the receiver works again.',
        { kind: 'testCall', accountId },
      ];
    case 'aborted_by_receiver':
      return ['Its receiver asked not to be called again for it: contact the customer first.'];
    case 'blocked_address':
      return [
        'Check first whether its address may be called now.',
        reader === 'page'
          ? { kind: 'testCall', accountId }
          : { kind: 'check', accountId, flowId: textOf(document.flowId) },
      ];
    case null:
      return ['Nothing blocks it.'];
    default:
      return ['Nothing blocks it any more.'];
  }
}

/** Of the status that is explained: without one, the newest that was recorded is taken. */
function replayOf(facts: SmsFacts, smsId: string): Act {
  const status = shownRecord(facts) === null ? textOf(facts.document.deliveryStatus) : null;
  return { kind: 'replay', smsId, status };
}

function accountOf({ document }: SmsFacts): string {
  return textOf(document.accountId);
}
