import type { ReasonNow } from '../domain/decision.ts';
import type { RouteFacts, SmsFacts } from './smsFacts.ts';
import { isAhead, obstacle, spared, textOf, waitingRow } from './verdict.ts';
import type { Times } from './words.ts';

type Words = readonly string[];

/** The command line that asks. */
export interface Asked {
  /** As it found the SMS. */
  readonly smsId: string;
  /** ROUTE_CACHE_TTL: for so long the worker may go by settings as they were. */
  readonly cacheTtlMs: number;
}

/** What helps as things are now, in the order in which it is to be done. */
export interface Advice {
  /** What stands in the way now; null when nothing does. */
  readonly obstacle: ReasonNow | 'unusable_document' | 'mysql' | null;
  readonly text: string;
  /** As a shell is to get them. */
  readonly commands: readonly Words[];
}

/** Null where there is nothing to be done, or nothing but to wait. */
export function adviceOf(facts: SmsFacts, asked: Asked, times: Times): Advice | null {
  const { document, record } = facts;
  if (document.deliveryStatus === null) return null;
  const row = waitingRow(facts);
  if (row !== undefined) {
    if (row.unreadable !== undefined || row.isClaimed) return null;
    return adviceWhileWaiting(facts, row.webhookId, { asked, times });
  }
  if (isShown(facts) && record?.['state'] === 'retrying') return null;
  const isPending = !hasEnded(facts) && isAhead(facts) && !document.isFiltered;
  return toNotifyAgain(facts, isPending ? [] : [replayOf(facts, asked.smsId)], { asked, times });
}

/** The record is that of the status which is explained. */
function isShown({ record, notificationId }: SmsFacts): boolean {
  return record !== null && record['notificationId'] === notificationId;
}

function hasEnded(facts: SmsFacts): boolean {
  const { ended, notificationId } = facts;
  return isShown(facts) || ended.some((row) => row.notificationId === notificationId);
}

/** `replay` comes last, if at all: the worker has yet to come to a status that is pending. */
function toNotifyAgain(
  facts: SmsFacts,
  replay: readonly Words[],
  { asked, times }: Readonly<{ asked: Asked; times: Times }>,
): Advice | null {
  const { document, route } = facts;
  const then = replay.length === 0 ? '' : `; then notify again${unlessRunning(facts)}`;
  if (document.problem !== null) {
    const text = `It would be skipped again: ${document.problem}. Have the platform correct the document${then}:`;
    return { obstacle: 'unusable_document', text, commands: replay };
  }
  if (route === null) return null;
  const because = obstacle(facts, times);
  if (because !== null) {
    const { commands, how, knownAfterMs } = remedyFor(facts, route, asked);
    // For one that was never notified, the explanation says so.
    const now =
      hasEnded(facts) || document.isFiltered ? `No call would be made now. ${because} ` : '';
    const text = `${now}${how}${then}:`;
    return {
      obstacle: route.reason ?? 'mysql',
      text,
      commands: inTurn(commands, knownAfterMs, replay),
    };
  }
  if (replay.length === 0) return null;
  const [sentence, ...first] = beforeReplay(facts);
  const waits = spared(route.blocked, times);
  const text = [
    sentence,
    ...(waits === null ? [] : [waits]),
    `To notify again${unlessRunning(facts)}:`,
  ];
  return { obstacle: null, text: text.join(' '), commands: [...first, ...replay] };
}

function unlessRunning({ isWorkerRunning }: SmsFacts): string {
  return isWorkerRunning ? '' : ' (once a worker runs; none does now)';
}

/** It resumes by itself, unless an obstacle would end it. */
function adviceWhileWaiting(
  facts: SmsFacts,
  webhookId: RouteFacts['webhookId'],
  { asked, times }: Readonly<{ asked: Asked; times: Times }>,
): Advice | null {
  const { route } = facts;
  if (route === null) return null;
  const of = webhookId === null ? [] : ['--webhook', String(webhookId)];
  if (obstacle(facts, times) !== null) {
    const { commands, how, knownAfterMs } = remedyFor(facts, route, asked);
    const text = `${how}; the notification resumes when it is due. The last command makes everything that waits there due now:`;
    return {
      obstacle: route.reason ?? 'mysql',
      text,
      commands: inTurn(commands, knownAfterMs, [cli('retries', 'run', ...of)]),
    };
  }
  if (route.blocked?.kind !== 'breaker_open') return null;
  const text = 'Have the receiver fixed; the next probe then closes the breaker. To test it now:';
  return { obstacle: null, text, commands: [cli('test', accountOf(facts))] };
}

interface Remedy {
  /** A sentence without its full stop. */
  readonly how: string;
  readonly commands: readonly Words[];
  /** To the worker. */
  readonly knownAfterMs: number;
}

/** What comes last must not find the worker with what it knew before. */
function inTurn(first: readonly Words[], waitMs: number, last: readonly Words[]): readonly Words[] {
  const isWaited = waitMs > 0 && last.length > 0;
  const wait = ['sleep', String(Math.ceil(waitMs / 1_000) + 1)];
  return [...first, ...(isWaited ? [wait] : []), ...last];
}

function cli(...words: Words): Words {
  return ['npm', 'run', 'cli', '--', ...words];
}

/** The worker reads which endpoints are disabled that often. */
const ENDPOINTS_KNOWN_MS = 5_000;

/** Stands for what only the customer knows. */
const SOME_URL = 'https://customer.example/hook';

/** What removes the reason why no call is made. */
function remedyFor(
  facts: SmsFacts,
  { reason, webhookId }: RouteFacts,
  { cacheTtlMs: knownAfterMs }: Asked,
): Remedy {
  const account = accountOf(facts);
  const flow = textOf(facts.document.flowId);
  const setUrl = cli('setup', 'webhook', account, '--url', SOME_URL);
  const remedy = (how: string, ...commands: readonly Words[]): Remedy => {
    return { how: `First ${how}`, commands, knownAfterMs };
  };
  switch (reason) {
    case 'not_opted_in':
      return remedy('opt in', cli('setup', 'account', account, '--enable'));
    case 'no_default_webhook':
      return remedy("set a default webhook, with the customer's URL instead of this one", setUrl);
    case 'flow_webhook_disabled':
      return remedy(
        'enable it (this is refused if the flow belongs to another account)',
        cli('setup', 'flow', flow, '--account', account, '--enable'),
      );
    case 'invalid_webhook':
      return remedy(
        `correct it: look up its name, then set its URL (or "--secret generate", or "--header none"), with --name unless it is "default"`,
        cli('setup', 'show', account),
        setUrl,
      );
    case 'endpoint_disabled': {
      const how = 'make sure that its receiver accepts calls again, then enable it';
      const enable = cli('endpoints', 'enable', String(webhookId));
      return { ...remedy(how, enable), knownAfterMs: ENDPOINTS_KNOWN_MS };
    }
    case null: {
      const check = cli('check', '--account', account, '--flow', flow);
      return { ...remedy('make sure that MySQL answers', check), knownAfterMs: 0 };
    }
    default:
      return reason satisfies never;
  }
}

/** What to know or do before it is notified again, by why it ended; nothing stands in its way. */
function beforeReplay(facts: SmsFacts): readonly [sentence: string, ...commands: Words[]] {
  const { record, document } = facts;
  const account = accountOf(facts);
  if (!isShown(facts) && document.isFiltered) {
    return [
      'To notify others with this status, add it to DELIVERY_STATUSES and restart the worker; a replay does not need this.',
    ];
  }
  const reason = isShown(facts) ? record?.['reason'] : null;
  switch (typeof reason === 'string' ? reason : null) {
    case 'stale':
      return ['Its age does not prevent a replay.'];
    case 'attempts_exhausted':
    case 'expired':
      return [
        'The settings are valid; a test call shows whether the receiver works again.',
        cli('test', account),
      ];
    case 'aborted_by_receiver':
      return ['Its receiver asked not to be called again for it: contact the customer first.'];
    case 'blocked_address':
      return [
        'Check first whether its address may be called now.',
        cli('check', '--account', account, '--flow', textOf(document.flowId)),
      ];
    case null:
      return ['Nothing blocks it.'];
    default:
      return ['Nothing blocks it any more.'];
  }
}

/** Of the status that is explained: without one, `replay` takes the newest that was recorded. */
function replayOf(facts: SmsFacts, smsId: string): Words {
  const status = textOf(facts.document.deliveryStatus);
  const named = status.startsWith('-') ? [`--status=${status}`] : ['--status', status];
  const id = smsId.startsWith('-') ? ['--', smsId] : [smsId];
  return cli('replay', ...(isShown(facts) ? [] : named), ...id);
}

function accountOf({ document }: SmsFacts): string {
  return textOf(document.accountId);
}
