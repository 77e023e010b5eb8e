import { describe, expect, it } from '@jest/globals';
import type { CommitResult } from '../../../src/kafka/topicConsumer.ts';
import { fromTopicPosition } from '../../../src/kafka/topicPosition.ts';
import type { TopicTerm } from '../../../src/kafka/topicTerm.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { createFakeMemory } from '../../support/kafka/fakeMemory.ts';
import { createOpening } from './openings.ts';

const { signal } = new AbortController();

async function openFirst(...results: CommitResult[]): Promise<TopicTerm> {
  return await createOpening({ results })(1, signal);
}

describe('a partition whose first offset is to be committed', () => {
  it('is tried again while the group rebalances', async () => {
    const term = await openFirst('rebalancing');
    expect(fromTopicPosition(term.partition.start).offset).toBe(40);
  });

  it('is given up by a member that was expelled, which learns of that only then', async () => {
    await expect(openFirst('fenced')).rejects.toBeInstanceOf(Stopping);
  });
});

describe('partitions that are assigned together', () => {
  it('ask once for what is about all of them', async () => {
    const asked: string[] = [];
    const memory = createFakeMemory(async (port) => void asked.push(port));
    const topic = async () => {
      asked.push('topic');
      return await Promise.resolve({ id: 'topic', partitions: 12 });
    };
    const openTerm = createOpening({ memory, topic });
    const terms = await Promise.all(
      Array.from({ length: 12 }, async (_, id) => await openTerm(id, signal)),
    );
    expect(terms.map(({ partition }) => partition.id)).toEqual(
      Array.from({ length: 12 }, (_, id) => String(id)),
    );
    const times = (what: string) => asked.filter((each) => each === what).length;
    expect({ topic: times('topic'), load: times('load') }).toEqual({ topic: 1, load: 1 });
    await openTerm(3, signal);
    expect({ topic: times('topic'), load: times('load') }).toEqual({ topic: 2, load: 2 });
  });
});
