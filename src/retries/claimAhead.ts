import { weightOfLog } from '../domain/weight.ts';
import type { NotifyContext } from '../notify/context.ts';
import { NO_ENDPOINT } from '../ports/retries.ts';
import { ignoreStopping } from '../runtime/abort.ts';
import { createByteBudget } from '../runtime/byteBudget.ts';
import { createRecentCount, type RecentCount } from '../runtime/recentCount.ts';
import { giveBack, takeUp, type TakenRetry } from './takeUp.ts';
import type { Track } from './track.ts';

/** The maximum total size of the bodies of claimed rows and the responses they have had. */
const CLAIMED_BYTES = 32 * 1024 * 1024;

/** Rows that are claimed before there is a slot for them, so that no slot waits for a claim. */
export interface ClaimedAhead {
  /** The next row of this endpoint. Null if nothing is due, or if there is no room for its bytes: it then stays due. */
  next(endpointKey: string): Promise<TakenRetry | null>;
  /** A row from `next` is finished. */
  over(endpointKey: string): void;
  /** Lets a row that leads to this endpoint wait for a slot there. False if enough are waiting. */
  add(endpointKey: string, taken: TakenRetry): boolean;
  /** Releases the rows that wait for a slot there, because none will come. */
  giveBackAll(endpointKey: string): Promise<void>;
}

interface Stock {
  readonly ready: TakenRetry[];
  /** Callbacks of holders of a slot that wait for a row. */
  readonly waiting: ((taken: TakenRetry | null) => void)[];
  /** Rows that are being claimed. */
  coming: number;
  /** Rows from `next` that are unfinished. */
  inHand: number;
  /** Rows from `next`, lately. */
  readonly recent: RecentCount;
}

/**
 * Rows that an endpoint has taken in a tenth of a second are claimed together: with twenty endpoints that return, each
 * batch of claims searched twenty times, for two or three rows each.
 */
const RECENT_HALF_MS = 100;

/** `gone`: it was claimed, but there is nothing to do for it now. */
type Arrival = TakenRetry | 'gone' | 'nothingDue';

/**
 * Claims as many further rows of an endpoint as are in hand there, or have been lately. So an endpoint that accepts none
 * has few claimed rows, claims don't expire in a queue, and rows are claimed together.
 *
 * @param isExpected whether the next row of this endpoint will be asked for; other rows are released
 */
export function createClaimedAhead(
  ctx: NotifyContext,
  { track, isExpected }: { readonly track: Track; isExpected(endpointKey: string): boolean },
): ClaimedAhead {
  const { retries, queues, active, logger, term } = ctx;
  const { maxInFlight } = queues;
  const bodies = createByteBudget(CLAIMED_BYTES);
  const stocks = new Map<string, Stock>();
  /** Rows that are ready or being claimed, at all endpoints. */
  let ahead = 0;

  const stockOf = (endpointKey: string): Stock => {
    const known = stocks.get(endpointKey);
    if (known !== undefined) return known;
    const recent = createRecentCount(RECENT_HALF_MS);
    const stock = { ready: [], waiting: [], coming: 0, inHand: 0, recent };
    stocks.set(endpointKey, stock);
    return stock;
  };
  const forgetIfEmpty = (endpointKey: string, stock: Stock): void => {
    const { ready, waiting, coming, inHand } = stock;
    const isEmpty = ready.length + waiting.length + coming + inHand === 0;
    // It may have been forgotten before, and another one be in its place.
    if (isEmpty && stocks.get(endpointKey) === stock) stocks.delete(endpointKey);
  };
  /** Rows that lead nowhere yet are in hand only for a moment. */
  const aimOf = (endpointKey: string, { inHand, recent }: Stock): number =>
    endpointKey === NO_ENDPOINT
      ? Math.ceil(maxInFlight / 2)
      : Math.min(Math.max(inHand, recent.count), 2 * queues.maxInFlightPerEndpoint);

  /**
   * Rows of a replay lead nowhere at first, and then wait here for their endpoints, which have nothing else due: where
   * 10,000 were replayed over 20 endpoints, 600 searches a second found nothing.
   */
  const mayBeDue = (endpointKey: string): boolean =>
    endpointKey === NO_ENDPOINT || queues.due.has(endpointKey);

  const settle = (endpointKey: string, stock: Stock): void => {
    while (stock.waiting.length > stock.coming) stock.waiting.shift()?.(null);
    forgetIfEmpty(endpointKey, stock);
  };
  const hand = (stock: Stock, taken: TakenRetry): TakenRetry => {
    stock.inHand += 1;
    stock.recent.add();
    return taken;
  };
  /** Gives the row to a waiting slot, or keeps it if none waits. */
  const keep = (stock: Stock, taken: TakenRetry): void => {
    const ask = stock.waiting.shift();
    if (ask !== undefined) {
      ask(hand(stock, taken));
      return;
    }
    stock.ready.push(taken);
    ahead += 1;
  };

  const claimOne = async (endpointKey: string): Promise<Arrival> => {
    const claimed = await retries.claimDue(endpointKey, active).catch((error: unknown) => {
      logger.warn('database_retry', { what: 'due retries', error });
      return null;
    });
    if (claimed === null) return 'nothingDue';
    const hold = bodies.open();
    hold.add(claimed.retry.body.byteLength + weightOfLog(claimed.retry.log));
    let taken: TakenRetry | null = null;
    try {
      taken = await takeUp(claimed, ctx);
    } finally {
      if (taken === null) hold.release();
    }
    if (taken === null) return 'gone';
    const { leave } = taken;
    return {
      ...taken,
      leave() {
        leave();
        hold.release();
      },
    };
  };
  const claim = async (endpointKey: string, stock: Stock): Promise<void> => {
    let arrival: Arrival = 'nothingDue';
    try {
      arrival = await claimOne(endpointKey);
    } finally {
      stock.coming -= 1;
      ahead -= 1;
      if (typeof arrival === 'object') {
        if (stock.waiting.length > 0 || isExpected(endpointKey)) keep(stock, arrival);
        else await giveBack(arrival, ctx);
      } else if (arrival === 'gone') refill(endpointKey, stock);
      settle(endpointKey, stock);
    }
  };
  /** Not after every row, because rows that are claimed together share their queries. */
  const refill = (endpointKey: string, stock: Stock): void => {
    const { ready, waiting, coming } = stock;
    const aim = aimOf(endpointKey, stock);
    const needed = waiting.length - coming;
    const spare = ready.length + coming - waiting.length;
    const mayAsk = !term.stopping.aborted && bodies.hasRoom && mayBeDue(endpointKey);
    if (!mayAsk || (needed <= 0 && spare > aim / 2)) return;
    const count = Math.max(needed, Math.min(aim - spare, Math.floor(1.5 * maxInFlight) - ahead));
    for (let index = 0; index < count; index += 1) {
      stock.coming += 1;
      ahead += 1;
      track(claim(endpointKey, stock).catch(ignoreStopping));
    }
  };

  return {
    async next(endpointKey) {
      const stock = stockOf(endpointKey);
      const taken = stock.ready.shift();
      if (taken === undefined) {
        return await new Promise((resolve) => {
          stock.waiting.push(resolve);
          refill(endpointKey, stock);
          settle(endpointKey, stock);
        });
      }
      ahead -= 1;
      hand(stock, taken);
      refill(endpointKey, stock);
      return taken;
    },
    over(endpointKey) {
      const stock = stockOf(endpointKey);
      stock.inHand -= 1;
      forgetIfEmpty(endpointKey, stock);
    },
    add(endpointKey, taken) {
      const stock = stockOf(endpointKey);
      const { ready, waiting, coming } = stock;
      const isShort = ready.length + coming < 2 * queues.maxInFlightPerEndpoint;
      const hasRoom = isShort && ahead < 2 * maxInFlight;
      const isKept = waiting.length > 0 || (hasRoom && isExpected(endpointKey));
      if (isKept) keep(stock, taken);
      else forgetIfEmpty(endpointKey, stock);
      return isKept;
    },
    async giveBackAll(endpointKey) {
      const stock = stockOf(endpointKey);
      const all = stock.ready.splice(0);
      ahead -= all.length;
      forgetIfEmpty(endpointKey, stock);
      await Promise.all(all.map(async (taken) => await giveBack(taken, ctx)));
    },
  };
}
