import type { ConsumerEvents } from '../../../src/kafka/topicConsumer.ts';
import type { CommitAnswer, FakeCoordinator, Joined } from './fakeCoordinator.ts';
import type { FakeNetwork } from './fakeNetwork.ts';
import type { FakeProcess } from './processes.ts';

/** What the consumer's own thread does about the group. */
export interface FakeMembership {
  begin(): void;
  /** Calls what the application listens to; only then. */
  tell(): void;
  polled(): void;
  assigned(partitions: readonly number[]): void;
  unassigned(partitions: readonly number[]): void;
  /** One connection: the coordinator reads no commit while it has not answered the join before it. */
  joining(): Promise<void>;
  /** It reads no join before a commit that was sent earlier. */
  sent(commit: Promise<unknown>): void;
  /** A commit was. */
  refused(why: Exclude<CommitAnswer, 'committed'>): void;
  /** As whom it commits now. */
  identity(): Readonly<{ memberId: string | null; generation: number }>;
  /** Has all partitions revoked, and leaves; within ten seconds. */
  leave(): Promise<void>;
}

/** What the application was told, and answers by assigning or unassigning all of these. */
interface Awaited {
  readonly kind: 'assign' | 'unassign';
  readonly left: Set<number>;
  done(): void;
}

const HEARTBEAT_MS = 1_000;
const REJOIN_AFTER_MS = 500;
const POLL_WITHIN_MS = 60_000;
const LEAVE_MS = 10_000;

/**
 * One change of partitions after the other: while the application has not answered one, or the group has not, the member
 * does not even learn that it has lost them.
 */
export function createFakeMembership({
  coordinator,
  network,
  process,
  sessionMs,
  events,
}: Readonly<{
  coordinator: FakeCoordinator;
  network: FakeNetwork;
  process: FakeProcess;
  sessionMs: number;
  events: ConsumerEvents;
}>): FakeMembership {
  let state: 'joining' | 'steady' | 'telling' | 'left' = 'joining';
  let memberId: string | null = null;
  let generation = -1;
  /** What the group has given it, as far as it was told. */
  const owned = new Set<number>();
  let awaited: Awaited | null = null;
  let untold: (() => void)[] = [];
  let heardAt = performance.now();
  let polledAt = performance.now();
  let isLeaving = false;
  let answered = (): void => undefined;
  let joined = Promise.resolve();
  /** Commits that the coordinator has not carried out. */
  const sent = new Set<Promise<unknown>>();

  const later = (ms: number, task: () => void): void =>
    void process.run(() => setTimeout(() => (state === 'left' ? undefined : task()), ms));

  const join = (): void => {
    if (isLeaving) return;
    // A new member has no partitions.
    if (memberId === null && owned.size > 0) {
      lose();
      return;
    }
    state = 'joining';
    const joining = { memberId, generation, owned: [...owned] };
    joined = Promise.allSettled(sent)
      .then(
        async () =>
          await network.ask(
            process,
            async () =>
              await new Promise<Joined | 'unknown member'>((resolve) =>
                coordinator.join(joining, resolve),
              ),
          ),
      )
      .then(onJoined, () => later(REJOIN_AFTER_MS, join));
  };
  const onJoined = (answer: Joined | 'unknown member'): void => {
    if (answer === 'unknown member') {
      memberId = null;
      return isLeaving ? undefined : lose();
    }
    ({ memberId, generation } = answer);
    if (state === 'left') return void goAway();
    if (isLeaving) return undefined;
    heardAt = performance.now();
    const given = answer.partitions.filter((partition) => !owned.has(partition));
    const taken = [...owned].filter((partition) => !answer.partitions.includes(partition));
    if (taken.length === 0) return assign(given, settle);
    return revoke(taken, false, () => (given.length === 0 ? join() : assign(given, join)));
  };
  const settle = (): void => {
    state = 'steady';
  };
  const tellOf = (kind: Awaited['kind'], partitions: readonly number[], done: () => void): void => {
    state = 'telling';
    awaited = { kind, left: new Set(partitions), done };
  };
  const assign = (partitions: readonly number[], done: () => void): void => {
    tellOf('assign', partitions, done);
    for (const partition of partitions) owned.add(partition);
    untold.push(() => events.assigned(partitions));
  };
  const revoke = (partitions: readonly number[], isLost: boolean, done: () => void): void => {
    tellOf('unassign', partitions, () => {
      for (const partition of partitions) owned.delete(partition);
      done();
    });
    untold.push(() => events.revoked(partitions, isLost));
  };
  const lose = (): void => {
    if (owned.size === 0) join();
    else revoke([...owned], true, join);
  };
  const answer = (kind: Awaited['kind'], partitions: readonly number[]): void => {
    const asked = awaited;
    if (asked?.kind !== kind) throw new Error(`nobody has asked to ${kind}`);
    for (const partition of partitions) {
      if (!asked.left.delete(partition))
        throw new Error(`nobody has asked to ${kind} ${partition}`);
    }
    if (asked.left.size > 0) return;
    awaited = null;
    state = 'steady';
    asked.done();
    answered();
  };
  const heartbeat = (): void => {
    later(HEARTBEAT_MS, heartbeat);
    const isSteady = state === 'steady' && !isLeaving;
    if (isSteady && performance.now() - heardAt >= sessionMs) {
      memberId = null;
      return lose();
    }
    if (isSteady && performance.now() - polledAt >= POLL_WITHIN_MS) {
      void goAway();
      memberId = null;
      return lose();
    }
    if (state !== 'joining') ask().catch(() => undefined);
    return undefined;
  };
  const ask = async (): Promise<void> => {
    const as = { memberId, generation };
    const heard = await network.ask(process, () =>
      coordinator.heartbeat(as.memberId, as.generation),
    );
    if (as.memberId === memberId && as.generation === generation) onHeard(heard);
  };
  const onHeard = (heard: ReturnType<typeof coordinator.heartbeat>): void => {
    if (heard === 'ok' || heard === 'rebalancing') heardAt = performance.now();
    if (heard === 'unknown member') memberId = null;
    if (state !== 'steady' || isLeaving || heard === 'ok') return;
    if (heard === 'rebalancing') join();
    else lose();
  };
  const goAway = async (): Promise<void> => {
    const id = memberId;
    await network.ask(process, () => coordinator.leave(id)).catch(() => undefined);
  };
  const tell = (): void => {
    const told = untold;
    untold = [];
    for (const each of told) each();
  };

  return {
    begin() {
      join();
      later(HEARTBEAT_MS, heartbeat);
    },
    tell,
    polled() {
      polledAt = performance.now();
    },
    assigned: (partitions) => answer('assign', partitions),
    unassigned: (partitions) => answer('unassign', partitions),
    joining: async () => await joined,
    sent(commit) {
      sent.add(commit);
      const forget = (): void => void sent.delete(commit);
      commit.then(forget, forget);
    },
    refused(why) {
      if (why === 'unknown member') memberId = null;
      // Else a new generation may be about to be told.
      if (state === 'steady' && !isLeaving) lose();
    },
    identity: () => ({ memberId, generation }),
    async leave() {
      isLeaving = true;
      const limit = new Promise<void>((resolve) => {
        setTimeout(resolve, LEAVE_MS);
      });
      const untilSteady = async (): Promise<void> => {
        while (state !== 'steady') {
          const next = new Promise<void>((resolve) => (answered = resolve));
          tell();
          await next;
        }
      };
      const leaving = async (): Promise<void> => {
        if (state === 'joining') state = 'steady';
        await untilSteady();
        if (owned.size > 0) revoke([...owned], memberId === null, () => undefined);
        await untilSteady();
        await goAway();
      };
      await Promise.race([leaving(), limit]);
      state = 'left';
    },
  };
}
