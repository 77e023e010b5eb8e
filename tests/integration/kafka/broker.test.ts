import { describe, expect, it } from '@jest/globals';
import { openTopicAdmin } from '../../../scripts/services/kafka/topics.ts';
import { openTopicReader, produce } from '../../support/kafka/topicMessages.ts';
import { useBroker } from '../../support/kafka/useBroker.ts';
import { until } from '../../support/until.ts';

const broker = useBroker(() => ({
  properties: { 'log.retention.check.interval.ms': '500', 'log.initial.task.delay.ms': '500' },
}));

const valuesIn = async (topic: string, count: number): Promise<readonly string[]> => {
  const reader = await openTopicReader(broker().bootstrap, topic);
  try {
    const seen = await until(`${topic} has ${count} messages`, async () => {
      const messages = await reader.read();
      return messages.length >= count ? messages : null;
    });
    return seen.map(({ value }) => String(value));
  } finally {
    await reader.close();
  }
};
const write = async (topic: string, ...values: readonly string[]): Promise<void> => {
  const messages = values.map((value) => ({ value: Buffer.from(value), partition: 0 }));
  await produce(broker().bootstrap, topic, messages);
};

describe('a broker', () => {
  it('keeps messages, port and offsets across SIGKILL', async () => {
    const { admin, kill, start, isRunning } = broker();
    await admin.create('kept', { partitions: 1 });
    await write('kept', 'a', 'b');
    await admin.commit('group', 'kept', new Map([[0, 1]]));
    await kill();
    expect(isRunning()).toBe(false);
    await start();
    expect(await valuesIn('kept', 2)).toEqual(['a', 'b']);
    expect(await admin.committed('group', 'kept')).toEqual([1]);
  });

  it('can be frozen', async () => {
    const { bootstrap, pause, resume } = broker();
    const admin = await openTopicAdmin(bootstrap, {}, 1_000);
    try {
      await pause();
      await expect(admin.describe('any')).rejects.toThrow('Timed out');
      resume();
      await until('it answers', async () => (await admin.describe('any')) === null);
    } finally {
      resume();
      admin.close();
    }
  });
});

describe('a topic', () => {
  it('gets more partitions', async () => {
    const { admin } = broker();
    await admin.create('grown', { partitions: 2 });
    await admin.addPartitions('grown', 3);
    await until('three partitions', async () => (await admin.describe('grown'))?.partitions === 3);
    expect(await admin.offsets('grown')).toHaveLength(3);
  });

  it('has another id when it is made anew', async () => {
    const { admin } = broker();
    await admin.create('anew', { partitions: 1 });
    const before = await admin.describe('anew');
    await admin.delete('anew');
    await until('it is gone', async () => (await admin.describe('anew')) === null);
    await admin.create('anew', { partitions: 1 });
    const after = await until('it is there', async () => await admin.describe('anew'));
    expect(after.id).not.toBe(before?.id);
  });

  it('loses its oldest messages by deletion and by retention', async () => {
    const { admin, alterTopic } = broker();
    const config = { 'segment.bytes': '1048576' };
    await admin.create('short', { partitions: 1, config });
    await write('short', 'a', 'b', 'c');
    await admin.deleteRecords('short', 0, 2);
    expect(await admin.offsets('short')).toEqual([{ low: 2, high: 3 }]);
    await alterTopic('short', { 'retention.ms': '1' });
    await until('retention has emptied it', async () => {
      const [offsets] = await admin.offsets('short');
      return offsets?.low === 3;
    });
  });

  it('keeps the offsets that a group without members is given', async () => {
    const { admin } = broker();
    await admin.create('followed', { partitions: 2 });
    expect(await admin.committed('followers', 'followed')).toEqual([null, null]);
    await admin.commit('followers', 'followed', new Map([[1, 0]]));
    expect(await admin.committed('followers', 'followed')).toEqual([null, 0]);
    await admin.deleteGroup('followers');
    expect(await admin.committed('followers', 'followed')).toEqual([null, null]);
  });
});
