import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { runInGroup, type Member } from '../../../src/kafka/consumerGroup.ts';
import type { ConsumerEvents, TopicConsumer } from '../../../src/kafka/topicConsumer.ts';
import { toTopicPosition } from '../../../src/kafka/topicPosition.ts';
import type { Partition } from '../../../src/ports/source.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { ConfigurationError } from '../../../src/runtime/errors.ts';
import { aPosition } from '../../support/builders.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { createRecordingHealth, watch } from '../../support/recorders.ts';
import { aTerm, type TermUnderTest } from './terms.ts';

const sessionMs = 10_000;
/** How long it takes until what has begun is durable. */
const writeMs = 500;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const pass = async (ms = 0): Promise<void> => await jest.advanceTimersByTimeAsync(ms);
const somewhere = toTopicPosition({ offset: 1, at: aPosition(1).wallTime });

interface FakeMember {
  readonly events: ConsumerEvents;
  /** What was asked of it. */
  readonly asked: readonly string[];
}

/** Takes part with consumers that do as they are told. */
function takePart(
  options: {
    /** Until then its consumer is joining. */
    joins?(): Promise<void>;
    work?(partition: Partition): Promise<void>;
  } = {},
) {
  const stopping = new AbortController();
  const consumers: FakeMember[] = [];
  const terms: TermUnderTest[] = [];
  const members: Member[] = [];
  const logger = createMemoryLogger();
  const health = createRecordingHealth();
  const troubles: (string | null)[] = [];
  let isHeld = true;
  const open = (): TopicConsumer => {
    const asked: string[] = [];
    const note = (what: string) => (): void => void asked.push(what);
    const consumer = {
      async open(events: ConsumerEvents) {
        consumers.push({ events, asked });
        await joins();
      },
      async poll() {
        asked.push('poll');
        await new Promise((resolve) => setTimeout(resolve, 100));
        return [];
      },
      assign: note('assign'),
      unassign: note('unassign'),
      pause: note('pause'),
      resume: note('resume'),
      knownEnd: () => null,
      async close() {
        asked.push('close');
        await Promise.resolve();
      },
    };
    return consumer as unknown as TopicConsumer;
  };
  const { joins = () => Promise.resolve() } = options;
  /** As a partition that is worked on ends by itself. */
  const workUntilStopped = async (partition: Partition): Promise<void> => {
    while (!partition.stopping.aborted) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, writeMs));
    await partition.save(somewhere);
    await partition.release();
  };
  const done = runInGroup(
    {
      openConsumer: open,
      ...{ sessionMs, health, logger, now: () => Date.now() },
      troubled: (problem) => void troubles.push(problem),
    },
    async (member) => {
      members.push(member);
      await member.run({
        work: options.work ?? workUntilStopped,
        rebalanced: () => undefined,
        openTermBy: () => async (partition) => {
          const term = aTerm({ id: partition, isMember: member.isHeld });
          terms.push(term);
          return await Promise.resolve(term);
        },
      });
    },
    { stopping: stopping.signal, isHeld: () => isHeld },
  );
  done.catch(() => undefined);
  return {
    ...{ consumers, terms, members, logger, health, troubles, done, seen: watch(done) },
    stop: () => stopping.abort(new Stopping()),
    /** Another worker takes statuses from the change stream. */
    loseRight: () => (isHeld = false),
    last(): FakeMember {
      const last = consumers.at(-1);
      if (last === undefined) throw new Error('nobody has joined');
      return last;
    },
  };
}

async function begun(options: Parameters<typeof takePart>[0] = {}) {
  const group = takePart(options);
  await pass();
  group.last().events.assigned([3]);
  await pass();
  const [term] = group.terms;
  if (term === undefined) throw new Error('nothing was assigned');
  return { ...group, term };
}

describe('a member that is stopped', () => {
  it('hands over while it goes on polling, then leaves', async () => {
    const group = await begun();
    const { asked } = group.last();
    const before = asked.length;
    group.stop();
    await pass(sessionMs);
    await group.done;
    expect(group.term.committed).toHaveLength(1);
    expect(group.term.isLost).toBe(false);
    expect(asked.slice(before)).toContain('poll');
    expect(asked.at(-1)).toBe('close');
    expect(group.consumers).toHaveLength(1);
  });

  it('closes a consumer that was still joining', async () => {
    const group = takePart({ joins: async () => await new Promise<never>(() => undefined) });
    await pass();
    group.stop();
    await pass();
    await group.done;
    expect(group.last().asked).toEqual(['close']);
  });

  it('leaves though its work never ends', async () => {
    const group = await begun({ work: async () => await new Promise<never>(() => undefined) });
    group.stop();
    await pass(sessionMs + 200);
    await group.done;
    expect(group.last().asked.at(-1)).toBe('close');
  });
});

describe('a process that stood still', () => {
  it('for nearly its session has lost all, and joins anew', async () => {
    const group = await begun();
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 0.8 * sessionMs + 100);
    expect(group.term.partition.isHeld()).toBe(false);
    clock.mockRestore();
    expect(group.term.isLost).toBe(true);
    expect(await group.term.partition.save(somewhere)).toBe('fenced');
    await pass(1_000);
    expect(group.consumers).toHaveLength(2);
    expect(group.consumers[0]?.asked.at(-1)).toBe('close');
    expect(group.logger.of('kafka_rejoining')).toHaveLength(1);
    expect(group.members[0]?.isHeld()).toBe(false);
    expect(group.members[1]?.isHeld()).toBe(true);
    group.stop();
    await pass(1_000);
    await group.done;
  });

  it('for less is still a member', async () => {
    const group = await begun();
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 0.8 * sessionMs - 200);
    expect(group.term.partition.isHeld()).toBe(true);
    clock.mockRestore();
    group.stop();
    await pass(1_000);
    await group.done;
    expect(group.consumers).toHaveLength(1);
  });
});

describe('a membership that has to end', () => {
  it('because its consumer has failed hands over first, and another begins', async () => {
    const group = await begun();
    group.last().events.failed(new Error('the offset is out of range'));
    await pass(2_000);
    expect(group.term.committed).toHaveLength(1);
    expect(group.term.isLost).toBe(false);
    expect(group.consumers).toHaveLength(2);
    expect(group.logger.of('kafka_rejoining')).toMatchObject([
      { fields: { error: { message: 'the offset is out of range' } } },
    ]);
    group.stop();
    await pass(1_000);
    await group.done;
  });

  it('because another worker reads the change stream loses all at once', async () => {
    const group = await begun();
    group.loseRight();
    await pass(200);
    expect(group.term.isLost).toBe(true);
    expect(group.term.committed).toEqual([]);
    group.stop();
    await pass(1_000);
    await group.done;
  });

  it('because it can’t join is tried again, less and less often', async () => {
    const group = takePart({ joins: () => Promise.reject(new Error('no broker answers')) });
    await pass(60_000);
    const tries = group.consumers.length;
    expect(tries).toBeGreaterThan(10);
    expect(tries).toBeLessThan(30);
    expect(group.consumers.every(({ asked }) => asked.at(-1) === 'close')).toBe(true);
    expect(group.seen.isSettled).toBe(false);
    group.stop();
    await pass();
    await group.done;
  });
});

describe('what waiting can’t fix', () => {
  it('is a setting that is wrong', async () => {
    const error = new ConfigurationError('there is no topic');
    const group = takePart({ joins: () => Promise.reject(error) });
    await pass();
    await expect(group.done).rejects.toBe(error);
  });

  it('is a bug in the work, after which the consumer is closed', async () => {
    const bug = new TypeError('a bug');
    const group = await begun({ work: () => Promise.reject(bug) });
    await pass(200);
    await expect(group.done).rejects.toBe(bug);
    expect(group.last().asked.at(-1)).toBe('close');
  });
});

describe('health', () => {
  it.each([
    ['partitions', [3, 4]],
    ['none of them, as a standby', []],
  ])('is good once the group has given this member %s, not before', async (_, given) => {
    const group = takePart();
    await pass();
    const told = (): unknown => group.health.reported.findLast(([method]) => method !== 'turned');
    expect(told()).toEqual(['streamDown', 'joining the consumer group']);
    group.last().events.assigned(given);
    expect(told()).toEqual(['streamOpen']);
    group.stop();
    await pass(sessionMs);
    await group.done;
  });

  it('is told of the broker', async () => {
    const group = await begun();
    group.last().events.troubled('no broker answers');
    group.last().events.troubled(null);
    const told = group.health.reported.filter(([method]) => method !== 'turned');
    expect(told).toEqual([['streamDown', 'joining the consumer group'], ['streamOpen']]);
    expect(group.troubles).toEqual(['no broker answers', null]);
    group.stop();
    await pass(1_000);
    await group.done;
  });
});
