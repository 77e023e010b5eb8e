import type { Breaker } from '../domain/breaker.ts';

/** How a notification waits for a slot. */
export type Waiting =
  /** From the stream, at the end of its line; sent away when the lane has no room for it. */
  | 'news'
  /** For a quick retry, before everybody else; sent away when that takes longer than a second. */
  | 'again'
  /** For a row of durable state, at the end of a line of its own, for as long as it takes. */
  | 'row';

/** The right to make one call; to be released, once or more often. */
export interface Slot {
  /** The endpoint has answered: how long the slot is held from now on is not its doing. */
  answered(): void;
  release(): void;
}

export interface Waiter {
  readonly since: number;
  start(slot: Slot): void;
  sendAway(): void;
}

export interface Lane {
  breaker: Breaker;
  inFlight: number;
  readonly lines: Readonly<Record<Waiting, Set<Waiter>>>;
  /** Whose turn it is when news and rows both wait. */
  next: 'news' | 'row';
  isOverfull: boolean;
  /** How long its endpoint took to answer, lately; null before it has. */
  answersAfterMs: number | null;
  /** When each call began that is not answered yet, oldest first. */
  readonly unanswered: Set<Readonly<{ since: number }>>;
}

/** What the latest answer counts among those before it. */
const LATEST = 0.1;

/** An answer after that time; the first one stands for itself. */
export function noteAnswer(lane: Lane, afterMs: number): void {
  const before = lane.answersAfterMs ?? afterMs;
  lane.answersAfterMs = before + LATEST * (afterMs - before);
}

/** How long its endpoint takes: lately on average, or the longest so far of the calls that run. */
export function slownessOf({ answersAfterMs, unanswered }: Lane, now: number): number {
  let oldest = now;
  for (const { since } of unanswered) {
    oldest = since;
    break;
  }
  return Math.max(answersAfterMs ?? 0, now - oldest);
}

/** An endpoint that takes longer is not quick; when it is this process that is slow, calls are hardly so slow. */
export const SLOW_MS = 500;

/** Unknown: it has not answered as yet. */
export type Pace = 'quick' | 'unknown' | 'slow';

export function paceOf(lane: Lane, now: number): Pace {
  if (slownessOf(lane, now) >= SLOW_MS) return 'slow';
  return lane.answersAfterMs === null ? 'unknown' : 'quick';
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
