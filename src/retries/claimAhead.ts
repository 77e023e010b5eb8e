import { weightOfLog } from '../domain/weight.ts';
import type { NotifyContext } from '../notify/context.ts';
import { NO_ENDPOINT } from '../ports/retries.ts';
import { ignoreStopping } from '../runtime/abort.ts';
import { createByteBudget } from '../runtime/byteBudget.ts';
import { giveBack, takeUp, type TakenRetry } from './takeUp.ts';
import type { Track } from './track.ts';

/** What the bodies of claimed rows, and the responses they have had, may take together. */
const CLAIMED_BYTES = 32 * 1024 * 1024;

/** Rows in this worker's hands before there is a slot for them, so that none waits for a claim. */
export interface ClaimedAhead {
  /** The next row of this endpoint. Null when nothing is due there, or its bytes have no room: it stays due then. */
  next(endpointKey: string): Promise<TakenRetry | null>;
  /** What `next` gave is over: as many may be claimed ahead as are not. */
  over(endpointKey: string): void;
  /** Has a row that leads to this endpoint wait for a slot there; false when enough do. */
  add(endpointKey: string, taken: TakenRetry): boolean;
  /** Lets go of what waits for a slot there: none will come. */
  giveBackAll(endpointKey: string): Promise<void>;
}

interface Stock {
  readonly ready: TakenRetry[];
  /** Of whoever holds a slot and waits for a row. */
  readonly waiting: ((taken: TakenRetry | null) => void)[];
  /** Rows that are being claimed. */
  coming: number;
  /** Rows that `next` gave and are not over. */
  inHand: number;
}

/** `gone`: it was claimed, and there is nothing to do about it now. */
type Arrival = TakenRetry | 'gone' | 'nothingDue';

/**
 * Claims as many rows of an endpoint again as are in hand there. So an endpoint that takes none has few, claims don't
 * run out in a queue, and they are made together.
 *
 * @param isExpected whether somebody will ask for the next row of this endpoint; what nobody asks for is let go of
 */
export function createClaimedAhead(
  ctx: NotifyContext,
  { track, isExpected }: { readonly track: Track; isExpected(endpointKey: string): boolean },
): ClaimedAhead {
  const { retries, queues, active, logger, term } = ctx;
  const { maxInFlight, maxInFlightPerEndpoint } = queues;
  const bodies = createByteBudget(CLAIMED_BYTES);
  const stocks = new Map<string, Stock>();
  /** Ready or coming, at all endpoints. */
  let ahead = 0;

  const stockOf = (endpointKey: string): Stock => {
    const known = stocks.get(endpointKey);
    if (known !== undefined) return known;
    const stock = { ready: [], waiting: [], coming: 0, inHand: 0 };
    stocks.set(endpointKey, stock);
    return stock;
  };
  const forgetIfEmpty = (endpointKey: string, stock: Stock): void => {
    const { ready, waiting, coming, inHand } = stock;
    if (ready.length + waiting.length + coming + inHand === 0) stocks.delete(endpointKey);
  };
  /** Rows that lead nowhere yet are in hand for a moment only. */
  const aimOf = (endpointKey: string, { inHand }: Stock): number =>
    endpointKey === NO_ENDPOINT
      ? Math.ceil(maxInFlight / 2)
      : Math.min(inHand, maxInFlightPerEndpoint);

  const settle = (endpointKey: string, stock: Stock): void => {
    while (stock.waiting.length > stock.coming) stock.waiting.shift()?.(null);
    forgetIfEmpty(endpointKey, stock);
  };
  const hand = (stock: Stock, taken: TakenRetry): TakenRetry => {
    stock.inHand += 1;
    return taken;
  };
  /** Whoever waits for a row takes it, else it is kept. */
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
  /** Not for every row: those that are claimed together share their queries. */
  const refill = (endpointKey: string, stock: Stock): void => {
    const { ready, waiting, coming } = stock;
    const aim = aimOf(endpointKey, stock);
    const needed = waiting.length - coming;
    const spare = ready.length + coming - waiting.length;
    if (term.stopping.aborted || !bodies.hasRoom || (needed <= 0 && spare > aim / 2)) return;
    const count = Math.max(needed, Math.min(aim - spare, maxInFlight - ahead));
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
      const hasRoom = ready.length + coming < maxInFlightPerEndpoint && ahead < 2 * maxInFlight;
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
