import type { LoopHealth } from '../ports/telemetry.ts';
import { anyOf, onAbort, orAbort, pause, Stopping } from '../runtime/abort.ts';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { createBackoff } from '../runtime/retry.ts';
import { LEASE_MARGIN } from '../ports/source.ts';
import { pollAll } from './polling.ts';
import { createRebalancing, type Rebalancing, type RebalancingDeps } from './rebalancing.ts';
import type { TopicConsumer } from './topicConsumer.ts';
import type { TopicTerm } from './topicTerm.ts';

/** This process as a member of the consumer group, from joining to leaving. */
export interface Member {
  /** Aborted when the worker stops, or only another membership can help. */
  readonly stopping: AbortSignal;
  /** Whether it is a member by this process' own clock: false for good once the process was frozen for too long. */
  isHeld(): boolean;
  /** The partitions that are read now. */
  readonly terms: ReadonlyMap<number, TopicTerm>;
  /** What it is told can't be mended from within: it hands over what it has, leaves and joins again. */
  leave(cause: Error): void;
  /** Takes part until `stopping`: works on each partition that is assigned, and hands over those that are revoked. */
  run(work: MemberWork): Promise<void>;
}

interface MemberWork extends Pick<RebalancingDeps, 'work' | 'rebalanced'> {
  /** As `RebalancingDeps.openTerm`, once `consumer` has joined. */
  openTermBy(consumer: TopicConsumer): RebalancingDeps['openTerm'];
}

export interface ConsumerGroupDeps {
  openConsumer(): TopicConsumer;
  readonly sessionMs: number;
  readonly health: LoopHealth;
  /** As `ConsumerEvents.troubled`. */
  troubled(problem: string | null): void;
  readonly logger: Logger;
  readonly now: () => number;
}

/** The right to take statuses from the topic at all: no worker takes them from the change stream meanwhile. */
export type Right = Readonly<{ stopping: AbortSignal; isHeld: () => boolean }>;

/** Takes part in the group, one membership after the other, until `right.stopping`. Rejects with a bug. */
export async function runInGroup(
  deps: ConsumerGroupDeps,
  work: (member: Member) => Promise<void>,
  right: Right,
): Promise<void> {
  const backoff = createBackoff({ minMs: 500, maxMs: 5_000 });
  while (!right.stopping.aborted) {
    deps.health.streamDown('joining the consumer group');
    const { member, ended } = createMember(deps, right, backoff.reset);
    try {
      await work(member);
    } catch (thrown) {
      // A membership that had to end is no reason to end for good.
      if (right.stopping.aborted || !(thrown instanceof Stopping)) throw thrown;
    }
    if (right.stopping.aborted) return;
    deps.logger.warn('kafka_rejoining', { error: ended() });
    await pause(backoff.next(), right.stopping);
  }
}

function createMember(deps: ConsumerGroupDeps, right: Right, joined: () => void) {
  const { sessionMs, health, troubled, now } = deps;
  const validMs = sessionMs * (1 - LEASE_MARGIN);
  const over = new AbortController();
  const stopping = anyOf(right.stopping, over.signal);
  /** Null until it has joined. */
  let turnedAt: number | null = null;
  let isLost = false;
  let endedBy: Error | null = null;
  let rebalancing: Rebalancing | null = null;
  const none: ReadonlyMap<number, TopicTerm> = new Map();

  /** What has begun is handed over first. */
  const end = (error: Error): void => {
    endedBy ??= error;
    over.abort(new Stopping());
  };
  const lose = (cause: string): void => {
    isLost = true;
    rebalancing?.loseAll(cause);
    end(new Error(cause));
  };
  /** A process that was frozen goes on in the middle of its code, before any timer of its own. */
  const isHeld = (): boolean => {
    if (isLost || turnedAt === null) return false;
    if (!right.isHeld()) lose('its right to take statuses from the topic has run out');
    else if (performance.now() - turnedAt >= validMs) {
      lose('this process stood still for longer than its session with the group holds');
    }
    return !isLost;
  };
  const turned = (): boolean => {
    if (!isHeld()) return false;
    turnedAt = performance.now();
    health.turned('stream');
    return true;
  };
  const member: Member = {
    stopping,
    isHeld,
    get terms() {
      return rebalancing?.terms ?? none;
    },
    leave: end,
    async run({ work, rebalanced, openTermBy }) {
      const bug = Promise.withResolvers<never>();
      bug.promise.catch(() => undefined);
      const orBug = async <Result>(promise: Promise<Result>): Promise<Result> =>
        await Promise.race([bug.promise, promise]);
      const failed = (thrown: unknown): void => bug.reject(toError(thrown));
      const refused = (error: Error): void => {
        if (error instanceof ConfigurationError) failed(error);
        else end(error);
      };
      const left = new AbortController();
      let consumer: TopicConsumer | null = null;
      let polling = Promise.resolve();
      try {
        consumer = deps.openConsumer();
        const openTerm = openTermBy(consumer);
        const rebalances = createRebalancing({
          ...{ consumer, work, openTerm, rebalanced, handOverMs: sessionMs, failed },
        });
        rebalancing = rebalances;
        const { revoked, terms } = rebalances;
        const assigned: Rebalancing['assigned'] = (partitions) => {
          // Also with none of them: then it stands by.
          health.streamOpen();
          rebalances.assigned(partitions);
        };
        await orAbort(consumer.open({ assigned, revoked, failed: refused, troubled }), stopping);
        joined();
        turnedAt = performance.now();
        polling = pollAll({ consumer, terms, turned, now }, left.signal).catch(failed);
        await orBug(untilAborted(stopping));
        // While it goes on polling, it stays a member.
        if (isHeld()) await orBug(rebalances.handOverAll());
      } catch (thrown) {
        if (thrown instanceof ConfigurationError) throw thrown;
        if (!(thrown instanceof Stopping)) end(toError(thrown));
      } finally {
        rebalancing?.loseAll('this worker leaves the group');
        left.abort();
        await polling;
        await consumer?.close();
      }
      // A bug is one, whenever it came.
      await orBug(Promise.resolve());
    },
  };
  return { member, ended: () => endedBy };
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => onAbort(signal, () => resolve()));
}
