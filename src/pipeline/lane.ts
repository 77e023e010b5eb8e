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
  /** When each of those held now was taken, oldest first. */
  readonly held: Set<Readonly<{ takenAt: number }>>;
}

/** How long its slots are held: lately on average, or the longest so far of those held now. */
export function slownessOf({ heldMs, held }: Lane, now: number): number {
  const [oldest] = held;
  return oldest === undefined ? heldMs : Math.max(heldMs, now - oldest.takenAt);
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
