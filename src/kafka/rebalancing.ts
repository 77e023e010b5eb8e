import type { Partition } from '../ports/source.ts';
import { ignoreStopping, Stopping, waitAtMost } from '../runtime/abort.ts';
import type { TopicConsumer } from './topicConsumer.ts';
import { fromTopicPosition } from './topicPosition.ts';
import type { TopicTerm } from './topicTerm.ts';

export interface RebalancingDeps {
  readonly consumer: Pick<TopicConsumer, 'assign' | 'unassign'>;
  /**
   * Opens a term of a partition that was assigned. Rejects with `Stopping` once `signal` is aborted: the partition has
   * been revoked meanwhile, or the membership is over.
   */
  openTerm(partition: number, signal: AbortSignal): Promise<TopicTerm>;
  /** Works on a partition until its term is over. Rejects with a bug, or with `Stopping`. */
  work(partition: Partition): Promise<void>;
  /** Partitions have come, or gone. */
  rebalanced(kind: 'assigned' | 'revoked' | 'lost', partitions: readonly number[]): void;
  /** How long a partition that is to pass on may take until it is durable and committed. */
  readonly handOverMs: number;
  /** To be told of what must not happen. */
  failed(thrown: unknown): void;
}

/** What the group gives this member and takes from it. */
export interface Rebalancing {
  /** The terms of the partitions that are read. */
  readonly terms: ReadonlyMap<number, TopicTerm>;
  assigned(partitions: readonly number[]): void;
  revoked(partitions: readonly number[], isLost: boolean): void;
  /** Makes all durable, and commits it, so that others may go on. */
  handOverAll(): Promise<void>;
  /** Others may have all of it by now. */
  loseAll(cause: string): void;
}

/** Of a partition that is not read: it goes on to another member at once. */
const AT_THE_END = -1;

/**
 * Each assignment of a partition is a term of its own: brokers tell generations of members from one another, but not
 * whether a member has lost a partition and got it again meanwhile. Rebalances are carried out one after the other. The
 * client waits for the end of each while it goes on polling, so a partition is handed over before it is given away.
 */
export function createRebalancing(deps: RebalancingDeps): Rebalancing {
  const { consumer, openTerm, work, rebalanced, handOverMs, failed } = deps;
  const terms = new Map<number, TopicTerm>();
  /** Partitions that were assigned and are not read yet. */
  const openings = new Map<number, AbortController>();
  let turn = Promise.resolve();
  const inTurn = (step: () => Promise<void>): void => {
    turn = turn.then(step).catch(failed);
  };

  const open = async (partition: number, signal: AbortSignal): Promise<TopicTerm | null> => {
    try {
      const term = await openTerm(partition, signal);
      return signal.aborted ? null : term;
    } catch (thrown) {
      if (!(thrown instanceof Stopping)) failed(thrown);
      return null;
    }
  };
  const begin = async (given: ReadonlyMap<number, AbortController>): Promise<void> => {
    const opening = [...given].map(async ([partition, { signal }]) => ({
      partition,
      signal,
      term: await open(partition, signal),
    }));
    const opened = await Promise.all(opening);
    const places = opened.map(({ partition, signal, term }) => {
      const isRead = term !== null && !signal.aborted;
      const offset = isRead ? fromTopicPosition(term.partition.start).offset : AT_THE_END;
      if (isRead) terms.set(partition, term);
      if (openings.get(partition)?.signal === signal) openings.delete(partition);
      return { partition, offset };
    });
    consumer.assign(places);
    const begun = opened.flatMap(({ partition, term }) =>
      term !== null && terms.get(partition) === term ? [term] : [],
    );
    const ids = begun.map(({ partition }) => Number(partition.id));
    if (ids.length > 0) rebalanced('assigned', ids);
    for (const term of begun) work(term.partition).catch(ignoreStopping).catch(failed);
  };
  const handOver = async (term: TopicTerm): Promise<void> => {
    if (!term.isLost) await waitAtMost(handOverMs, term.released);
    // What is committed from now on would be committed for whoever has the partition next.
    term.close();
    await waitAtMost(handOverMs, term.committing());
  };
  const end = async (partitions: readonly number[]): Promise<void> => {
    await Promise.all(
      partitions.map(async (partition) => {
        const term = terms.get(partition);
        if (term !== undefined) await handOver(term);
        terms.delete(partition);
      }),
    );
    consumer.unassign(partitions);
  };
  const stopOpening = (partition: number): void => {
    openings.get(partition)?.abort(new Stopping());
    openings.delete(partition);
  };

  return {
    terms,
    assigned(partitions) {
      const given = new Map(partitions.map((partition) => [partition, new AbortController()]));
      for (const [partition, controller] of given) openings.set(partition, controller);
      inTurn(() => begin(given));
    },
    revoked(partitions, isLost) {
      for (const partition of partitions) {
        stopOpening(partition);
        const term = terms.get(partition);
        if (isLost) term?.lose('its session with the group has ended');
        else term?.stop();
      }
      rebalanced(isLost ? 'lost' : 'revoked', partitions);
      inTurn(() => end(partitions));
    },
    async handOverAll() {
      for (const partition of openings.keys()) stopOpening(partition);
      for (const term of terms.values()) term.stop();
      await Promise.all([...terms.values()].map(handOver));
    },
    loseAll(cause) {
      for (const partition of openings.keys()) stopOpening(partition);
      for (const term of terms.values()) term.lose(cause);
    },
  };
}
