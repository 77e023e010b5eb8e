import type { OffsetToCommit } from '../../../src/kafka/topicConsumer.ts';
import { balance } from './balance.ts';

/** What a member is given when all have joined. */
export interface Joined {
  readonly memberId: string;
  readonly generation: number;
  readonly partitions: readonly number[];
}

/** What a member says of itself when it joins; without an id it is a new one. */
interface Joining {
  readonly memberId: string | null;
  readonly generation: number;
  readonly owned: readonly number[];
}

export type CommitAnswer = 'committed' | 'unknown member' | 'illegal generation';

/** The broker that coordinates the group, by the classic protocol. Its answers take no time. */
export interface FakeCoordinator {
  /** `answer` is called once all have joined. */
  join(joining: Joining, answer: (joined: Joined | 'unknown member') => void): void;
  heartbeat(
    memberId: string | null,
    generation: number,
  ): 'ok' | 'rebalancing' | 'unknown member' | 'illegal generation';
  /** Fences generations and members; not partitions, and not offsets that go back. */
  commit(memberId: string | null, generation: number, place: OffsetToCommit): CommitAnswer;
  leave(memberId: string | null): void;
  /** As when its session had ended; a number stands for one of the members. */
  expel(index: number): void;
  /** It was away: all sessions begin anew. */
  cameBack(): void;
  readonly memberCount: number;
  /** No member is to leave any more. */
  close(): void;
}

interface Member {
  readonly id: string;
  session: NodeJS.Timeout | undefined;
  joining: Joining | null;
  answer: ((joined: Joined | 'unknown member') => void) | null;
}

/**
 * @param sessionMs how long a member may be silent
 * @param rebalanceMs how long a rebalance waits for members to join
 */
export function createFakeCoordinator(options: {
  readonly partitions: readonly number[];
  readonly sessionMs: number;
  readonly rebalanceMs: number;
  committed(place: OffsetToCommit, memberId: string): void;
}): FakeCoordinator {
  const { partitions, sessionMs, rebalanceMs } = options;
  const members = new Map<string, Member>();
  let generation = 0;
  let ids = 0;
  let isRebalancing = false;
  let deadline: NodeJS.Timeout | undefined;

  const renew = (member: Member): void => {
    clearTimeout(member.session);
    member.session = setTimeout(() => {
      // Whoever waits for the others says nothing meanwhile.
      if (member.joining === null) remove(member.id);
    }, sessionMs);
  };
  const rebalance = (): void => {
    if (isRebalancing) return;
    isRebalancing = true;
    deadline = setTimeout(() => {
      for (const { id, joining } of members.values()) if (joining === null) drop(id);
      completeIfAllJoined();
    }, rebalanceMs);
  };
  const drop = (id: string): void => {
    const member = members.get(id);
    clearTimeout(member?.session);
    members.delete(id);
    member?.answer?.('unknown member');
  };
  const remove = (id: string): void => {
    if (!members.has(id)) return;
    drop(id);
    rebalance();
    completeIfAllJoined();
  };
  const completeIfAllJoined = (): void => {
    const joined = [...members.values()];
    if (!isRebalancing || joined.some(({ joining }) => joining === null)) return;
    clearTimeout(deadline);
    isRebalancing = false;
    generation += 1;
    const shares = balance(
      partitions,
      joined.map(({ id, joining }) => ({
        id,
        owned: joining?.owned ?? [],
        generation: joining?.generation ?? -1,
      })),
    );
    for (const member of joined) {
      const { answer, id } = member;
      member.joining = null;
      member.answer = null;
      renew(member);
      answer?.({ memberId: id, generation, partitions: shares.get(id) ?? [] });
    }
  };
  const isKnown = (memberId: string | null): memberId is string =>
    memberId !== null && members.has(memberId);

  return {
    join(joining, answer) {
      const { memberId } = joining;
      if (memberId !== null && !members.has(memberId)) {
        answer('unknown member');
        return;
      }
      ids += 1;
      const id = memberId ?? `member ${ids}`;
      const member = members.get(id) ?? { id, session: undefined, joining: null, answer: null };
      members.set(id, member);
      Object.assign(member, { joining, answer });
      rebalance();
      completeIfAllJoined();
    },
    heartbeat(memberId, heard) {
      const member = memberId === null ? undefined : members.get(memberId);
      if (member === undefined) return 'unknown member';
      if (heard !== generation) return 'illegal generation';
      renew(member);
      return isRebalancing ? 'rebalancing' : 'ok';
    },
    commit(memberId, heard, place) {
      if (!isKnown(memberId)) return 'unknown member';
      if (heard !== generation) return 'illegal generation';
      options.committed(place, memberId);
      return 'committed';
    },
    leave(memberId) {
      if (memberId !== null) remove(memberId);
    },
    expel(index) {
      const known = [...members.keys()];
      const id = known[index % known.length];
      if (id !== undefined) remove(id);
    },
    cameBack() {
      for (const member of members.values()) renew(member);
    },
    get memberCount() {
      return members.size;
    },
    close() {
      clearTimeout(deadline);
      for (const id of members.keys()) drop(id);
    },
  };
}
