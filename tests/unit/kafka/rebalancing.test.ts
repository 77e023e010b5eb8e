import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createRebalancing, type Rebalancing } from '../../../src/kafka/rebalancing.ts';
import type { OffsetToCommit } from '../../../src/kafka/topicConsumer.ts';
import type { TopicTerm } from '../../../src/kafka/topicTerm.ts';
import type { Partition } from '../../../src/ports/source.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { toTopicPosition } from '../../../src/kafka/topicPosition.ts';
import { aPosition } from '../../support/builders.ts';
import { deferred, type Deferred } from '../../support/fakePorts.ts';
import { aTerm, type TermUnderTest } from './terms.ts';

const handOverMs = 5_000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const pass = async (ms = 0): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

interface UnderTest extends Rebalancing {
  /** What was done, oldest first. */
  readonly log: readonly string[];
  readonly bugs: readonly unknown[];
  /** The terms that were asked for, newest last; each opens when the test says so. */
  readonly openings: readonly Opening[];
  openingOf(partition: number): Opening;
  /** The work on the partition's newest term: ends it. */
  readonly works: ReadonlyMap<string, Deferred<undefined>>;
}

interface Opening {
  readonly partition: number;
  readonly signal: AbortSignal;
  open(term?: TermUnderTest): TermUnderTest;
  fail(thrown: unknown): void;
}

function rebalancingOf(): UnderTest {
  const log: string[] = [];
  const bugs: unknown[] = [];
  const openings: Opening[] = [];
  const works = new Map<string, Deferred<undefined>>();
  const placeOf = ({ partition, offset }: OffsetToCommit): string => `${partition}@${offset}`;
  const rebalancing = createRebalancing({
    consumer: {
      assign: (places) => void log.push(`assign ${places.map(placeOf).join(' ')}`),
      unassign: (partitions) => void log.push(`unassign ${partitions.join(' ')}`),
    },
    async openTerm(partition, signal) {
      const opening = deferred<TopicTerm>();
      signal.addEventListener('abort', () => opening.reject(signal.reason));
      openings.push({
        partition,
        signal,
        open(term = aTerm({ id: partition, offset: 10 * partition })) {
          opening.resolve(term);
          return term;
        },
        fail: opening.reject,
      });
      return await opening.promise;
    },
    async work(partition: Partition) {
      log.push(`work ${partition.id}`);
      const work = deferred<undefined>();
      works.set(partition.id, work);
      await work.promise;
    },
    rebalanced: (kind, partitions) => void log.push(`${kind} ${partitions.join(' ')}`),
    handOverMs,
    failed: (thrown) => void bugs.push(thrown),
  });
  return {
    ...rebalancing,
    ...{ log, bugs, openings, works },
    openingOf(partition) {
      const found = openings.findLast((opening) => opening.partition === partition);
      if (found === undefined) throw new Error(`${partition} was not opened`);
      return found;
    },
  };
}

async function begun(...partitions: readonly number[]) {
  const group = rebalancingOf();
  group.assigned(partitions);
  await pass();
  const terms = partitions.map((partition) => group.openingOf(partition).open());
  await pass();
  return { ...group, opened: terms as [TermUnderTest, ...TermUnderTest[]] };
}

describe('partitions that are assigned', () => {
  it('are read from where their terms begin, once all are open', async () => {
    const group = rebalancingOf();
    group.assigned([1, 2]);
    await pass();
    group.openingOf(1).open();
    await pass();
    expect(group.log).toEqual([]);
    group.openingOf(2).open();
    await pass();
    expect(group.log).toEqual(['assign 1@10 2@20', 'assigned 1 2', 'work 1', 'work 2']);
    expect([...group.terms.keys()]).toEqual([1, 2]);
  });

  it('and are lost while they are opened are assigned where nothing comes, and not worked on', async () => {
    const group = rebalancingOf();
    group.assigned([1, 2]);
    await pass();
    group.revoked([1], true);
    expect(group.openingOf(1).signal.aborted).toBe(true);
    group.openingOf(2).open();
    await pass();
    expect(group.log).toEqual([
      ...['lost 1', 'assign 1@-1 2@20', 'assigned 2', 'work 2', 'unassign 1'],
    ]);
    expect([...group.terms.keys()]).toEqual([2]);
  });

  it('and are lost when they had just been opened are not read either', async () => {
    const group = rebalancingOf();
    group.assigned([1, 2]);
    await pass();
    group.openingOf(1).open();
    await pass();
    group.revoked([1], true);
    group.openingOf(2).open();
    await pass();
    expect(group.log).toContain('assign 1@-1 2@20');
    expect(group.works.has('1')).toBe(false);
  });

  it('again have a term of their own', async () => {
    const group = await begun(1);
    group.revoked([1], true);
    group.assigned([1]);
    await pass();
    expect(group.openings).toHaveLength(2);
    const second = group.openingOf(1).open(aTerm({ id: 1, offset: 77 }));
    await pass();
    expect(group.log.slice(-5)).toEqual([
      ...['lost 1', 'unassign 1', 'assign 1@77', 'assigned 1', 'work 1'],
    ]);
    expect(group.terms.get(1)).toBe(second);
    expect(await group.opened[0].partition.save(somewhere)).toBe('fenced');
    expect(await second.partition.save(somewhere)).toBe('saved');
  });

  it('while others are handed over wait for that', async () => {
    const group = await begun(1);
    group.revoked([1], false);
    group.assigned([2]);
    await pass(handOverMs - 1);
    expect(group.openings).toHaveLength(1);
    await group.opened[0].partition.release();
    await pass();
    expect(group.log.at(-1)).toBe('unassign 1');
    expect(group.openings).toHaveLength(2);
  });
});

const somewhere = toTopicPosition({ offset: 12, at: aPosition(1).wallTime });

describe('a partition that is revoked', () => {
  it('is stopped at once, and passes on when it is released and closed', async () => {
    const group = await begun(1);
    const [term] = group.opened;
    group.revoked([1], false);
    expect(term.partition.stopping.aborted).toBe(true);
    expect(term.partition.isHeld()).toBe(true);
    await pass(handOverMs - 1);
    expect(group.log.at(-1)).toBe('revoked 1');
    expect(await term.partition.save(somewhere)).toBe('saved');
    await term.partition.release();
    await pass();
    expect(group.log.at(-1)).toBe('unassign 1');
    expect(await term.partition.save(somewhere)).toBe('fenced');
    expect(group.terms.size).toBe(0);
  });

  it('waits for a commit that is under way', async () => {
    const answer = deferred<'committed'>();
    const group = rebalancingOf();
    group.assigned([1]);
    await pass();
    const term = group.openingOf(1).open(aTerm({ id: 1, commit: () => answer.promise }));
    await pass();
    const saving = term.partition.save(somewhere);
    await pass();
    group.revoked([1], false);
    await term.partition.release();
    await pass(handOverMs - 1);
    expect(group.log.at(-1)).toBe('revoked 1');
    answer.resolve('committed');
    await saving;
    await pass();
    expect(group.log.at(-1)).toBe('unassign 1');
  });

  it('passes on without what is not durable in time', async () => {
    const group = await begun(1);
    group.revoked([1], false);
    await pass(handOverMs);
    expect(group.log.at(-1)).toBe('unassign 1');
    expect(await group.opened[0].partition.save(somewhere)).toBe('fenced');
  });

  it('does not keep others from being worked on', async () => {
    const group = await begun(1, 2);
    group.revoked([1], false);
    await pass();
    expect(group.opened[1]?.partition.stopping.aborted).toBe(false);
    expect([...group.terms.keys()]).toEqual([1, 2]);
  });
});

describe('a partition that is lost', () => {
  it('commits nothing from that moment on, and is let go of though its work goes on', async () => {
    const group = await begun(1);
    group.revoked([1], true);
    expect(await group.opened[0].partition.save(somewhere)).toBe('fenced');
    expect(group.opened[0].partition.isHeld()).toBe(false);
    await pass();
    expect(group.log.at(-1)).toBe('unassign 1');
  });

  it('is not let go of while a commit of it is under way', async () => {
    const answer = deferred<'committed'>();
    const group = rebalancingOf();
    group.assigned([1]);
    await pass();
    const term = group.openingOf(1).open(aTerm({ id: 1, commit: () => answer.promise }));
    await pass();
    const saving = term.partition.save(somewhere);
    await pass();
    group.revoked([1], true);
    await pass(handOverMs - 1);
    expect(group.log.at(-1)).toBe('lost 1');
    answer.resolve('committed');
    await saving;
    await pass();
    expect(group.log.at(-1)).toBe('unassign 1');
  });
});

describe('a member that leaves', () => {
  it('hands over all that it reads, and opens nothing more', async () => {
    const group = await begun(1, 2);
    group.assigned([3]);
    await pass();
    const handedOver = group.handOverAll();
    expect(group.openingOf(3).signal.aborted).toBe(true);
    await pass();
    expect(group.log.at(-1)).toBe('assign 3@-1');
    for (const term of group.opened) await term.partition.release();
    await handedOver;
    for (const term of group.opened) {
      expect(await term.partition.save(somewhere)).toBe('fenced');
      expect(term.isLost).toBe(false);
    }
  });

  it('that has lost its place loses all of it at once', async () => {
    const group = await begun(1);
    group.assigned([2]);
    await pass();
    group.loseAll('it stood still');
    expect(group.opened[0].isLost).toBe(true);
    expect(group.openingOf(2).signal.aborted).toBe(true);
  });
});

describe('a bug', () => {
  it('in the work on a partition is told, and its stop is none', async () => {
    const group = await begun(1, 2);
    const bug = new TypeError('a bug');
    group.works.get('1')?.reject(new Stopping());
    group.works.get('2')?.reject(bug);
    await pass();
    expect(group.bugs).toEqual([bug]);
  });

  it('in opening a partition is told, and the client is answered all the same', async () => {
    const group = rebalancingOf();
    group.assigned([1]);
    await pass();
    const bug = new TypeError('a bug');
    group.openingOf(1).fail(bug);
    await pass();
    group.revoked([1], false);
    await pass();
    expect(group.bugs).toEqual([bug]);
    expect(group.log).toEqual(['assign 1@-1', 'revoked 1', 'unassign 1']);
  });
});
