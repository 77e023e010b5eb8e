import { inspect } from 'node:util';
import type { Metrics } from '../pipeline/ports.ts';
import type { Logger } from '../runtime/logger.ts';

/** A row of durable state that is not as the worker writes it. */
interface UnreadableState {
  readonly collection: string;
  readonly id: unknown;
  /** What is wrong, in words that hold nothing of it. */
  readonly problem: string;
  /** What was done about it, and what is left to do. */
  readonly advice: string;
}

export type TellUnreadable = (row: UnreadableState) => void;

/** Those told are remembered, up to so many: some are met every few seconds. */
const REMEMBERED_AT_MOST = 1_000;

/** Counts and logs each such row, once for as long as this process works and the same is wrong with it. */
export function createUnreadableRows({
  logger,
  metrics,
}: {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'rowUnreadable'>;
}): TellUnreadable {
  const told = new Set<string>();
  return ({ collection, id, problem, advice }) => {
    const shown = typeof id === 'string' || typeof id === 'number' ? id : inspect(id);
    const name = `${collection} ${shown} ${problem}`;
    if (told.has(name)) return;
    if (told.size === REMEMBERED_AT_MOST) told.clear();
    told.add(name);
    metrics.rowUnreadable(collection);
    logger.error('row_unreadable', { collection, id: shown, problem, advice });
  };
}

export const tellNobody: TellUnreadable = () => undefined;
