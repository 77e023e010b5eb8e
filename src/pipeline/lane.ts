import type { Breaker } from '../domain/breaker.ts';

/** How a notification waits for a slot. */
export type Waiting =
  /** From the stream, at the end of its line; sent away when the lane has no room for it. */
  | 'news'
  /** For a quick retry, before everybody else; sent away when that takes longer than a second. */
  | 'again'
  /** For a row of durable state, at the end of a line of its own, for as long as it takes. */
  | 'row';

export interface Waiter {
  readonly since: number;
  start(): void;
  sendAway(): void;
}

export interface Lane {
  breaker: Breaker;
  inFlight: number;
  readonly lines: Readonly<Record<Waiting, Set<Waiter>>>;
  /** Whose turn it is when news and rows both wait. */
  next: 'news' | 'row';
  isOverfull: boolean;
  /** How long a slot was held, lately. */
  heldMs: number;
  /** When one was last given back, or the lane was made. */
  releasedAt: number;
  timer: NodeJS.Timeout | null;
}

/** How long news may wait in a slow lane. */
export const NEWS_PATIENCE_MS = 5_000;
/** A slot that is held for longer is held for the endpoint, and not for what is done around the call. */
const SLOW_MS = 500;

export function isSlow({ heldMs, releasedAt }: Lane): boolean {
  return heldMs >= SLOW_MS || performance.now() - releasedAt >= NEWS_PATIENCE_MS;
}

/** Its endpoint is not to be called now; and later by the row that has been due longest. */
export function sendAllAway(lane: Lane): void {
  lane.isOverfull = true;
  const { again, news, row } = lane.lines;
  for (const waiter of [...again, ...news, ...row]) waiter.sendAway();
}

export function waitingIn({ lines }: Lane): number {
  return lines.again.size + lines.news.size + lines.row.size;
}

export function takeNext(lane: Lane): Waiter['start'] | undefined {
  const { again, news, row } = lane.lines;
  if (again.size > 0) return first(again);
  const turn = lane.next === 'news' && news.size > 0 ? 'news' : 'row';
  if (news.size > 0 && row.size > 0) lane.next = turn === 'news' ? 'row' : 'news';
  return first(lane.lines[turn]) ?? first(news);
}

function first(line: ReadonlySet<Waiter>): Waiter['start'] | undefined {
  const [waiter] = line;
  return waiter?.start;
}
