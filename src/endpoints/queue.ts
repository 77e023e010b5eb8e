import type { Breaker } from './breaker.ts';
import type { Called } from '../ports/endpoints.ts';

/** How a notification waits for a slot. */
export type Waiting =
  /** From the stream, at the end of its line; shed when the queue has no room for it. */
  | 'fresh'
  /** For a quick retry, before everybody else; shed when that takes longer than a second. */
  | 'quickRetry'
  /** For a row of durable state, at the end of a line of its own, for as long as it takes. */
  | 'scheduled';

/** The right to make one call; to be released, once or more often. */
export interface Slot {
  /**
   * The call is over, answered or not, and its endpoint's breaker knows: the endpoint may get another one. Until it is
   * released, the slot counts in total only.
   */
  answered(): void;
  release(): void;
}

export interface Waiter {
  readonly since: number;
  start(slot: Slot): void;
  shed(): void;
}

export interface EndpointQueue {
  breaker: Breaker;
  /** Who is called there; null before its breaker has opened. */
  called: Called | null;
  /** Slots that are not released. By these, queues get their share of all slots. */
  inFlight: number;
  readonly lines: Readonly<Record<Waiting, Set<Waiter>>>;
  /** Whose turn it is when fresh notifications and retries both wait. */
  next: 'fresh' | 'scheduled';
  isOverloaded: boolean;
  /** How long its endpoint took to answer, lately; null before it has. */
  answersAfterMs: number | null;
  /** When each call began that is not answered yet, oldest first. Their number is what an endpoint's limit is about. */
  readonly unanswered: Set<Readonly<{ since: number }>>;
}

export function createQueue(breaker: Breaker): EndpointQueue {
  return {
    breaker,
    called: null,
    lines: { fresh: new Set(), quickRetry: new Set(), scheduled: new Set() },
    inFlight: 0,
    next: 'fresh',
    isOverloaded: false,
    answersAfterMs: null,
    unanswered: new Set(),
  };
}

/** Sheds all waiters: the breaker has opened. The row that has been due longest will be the probe. */
export function shedAll(queue: EndpointQueue): void {
  queue.isOverloaded = true;
  const { quickRetry, fresh, scheduled } = queue.lines;
  for (const waiter of [...quickRetry, ...fresh, ...scheduled]) waiter.shed();
}

export function waitingIn({ lines }: EndpointQueue): number {
  return lines.quickRetry.size + lines.fresh.size + lines.scheduled.size;
}

export function takeNext(queue: EndpointQueue): Waiter['start'] | undefined {
  const { quickRetry, fresh, scheduled } = queue.lines;
  if (quickRetry.size > 0) return first(quickRetry);
  const turn = queue.next === 'fresh' && fresh.size > 0 ? 'fresh' : 'scheduled';
  if (fresh.size > 0 && scheduled.size > 0) queue.next = turn === 'fresh' ? 'scheduled' : 'fresh';
  return first(queue.lines[turn]) ?? first(fresh);
}

function first(line: ReadonlySet<Waiter>): Waiter['start'] | undefined {
  const [waiter] = line;
  return waiter?.start;
}

export function shedsFresh({ breaker, isOverloaded }: EndpointQueue): boolean {
  return breaker.isOpen || isOverloaded;
}

/** Nothing else of it: a notification holds its body. */
export function nameOf({ accountId, webhook }: Called): Called {
  const { endpointKey, webhookId, displayUrl } = webhook;
  return { accountId, webhook: { endpointKey, webhookId, displayUrl } };
}
