import { describe, expect, it } from '@jest/globals';
import {
  checkClientVersion,
  checkFailure,
  checkGroup,
  checkTopic,
  type GroupFacts,
  type TopicFacts,
} from '../../../src/kafka/topicCheck.ts';

const DAY_MS = 86_400_000;
const config = { cleanupPolicy: 'delete', retentionMs: 7 * DAY_MS, maxMessageBytes: 1_048_588 };
const facts: TopicFacts = { topic: 'sms', partitions: 12, config, rememberMs: 3 * DAY_MS };

describe('a topic', () => {
  it.each<[string, Partial<TopicFacts>]>([
    ['as it should be', {}],
    ['whose settings are not known', { config: null }],
    ['that is never deleted from', { config: { ...config, retentionMs: -1 } }],
    ['that keeps messages just long enough', { config: { ...config, retentionMs: 3 * DAY_MS } }],
    ['with two partitions', { partitions: 2 }],
  ])('%s has no problem', (_, other) => {
    expect(checkTopic({ ...facts, ...other })).toEqual([]);
  });

  it.each(['compact', 'compact,delete', 'delete, compact'])('may not be %s', (cleanupPolicy) => {
    expect(checkTopic({ ...facts, config: { ...config, cleanupPolicy } })).toEqual([
      {
        severity: 'fatal',
        sentence:
          'topic sms is compacted, so that statuses of an SMS get lost: set its cleanup.policy to delete',
      },
    ]);
  });

  it.each<[string, Partial<TopicFacts>, RegExp]>([
    [
      'that keeps messages for less than three days',
      { config: { ...config, retentionMs: DAY_MS }, rememberMs: DAY_MS },
      /^topic sms keeps messages for 24h: .* set its retention\.ms to 259200000 \(72h\) or more$/,
    ],
    [
      'that keeps messages for less than REMEMBER',
      { rememberMs: 14 * DAY_MS },
      /^topic sms keeps messages for 168h: .* retention\.ms to 1209600000 \(336h\) or more$/,
    ],
    [
      'that takes small messages only',
      { config: { ...config, maxMessageBytes: 65_536 } },
      /at most 65536 bytes, .* set its max\.message\.bytes to 1000000 or more$/,
    ],
    ['with one partition', { partitions: 1 }, /^topic sms has one partition, .* add partitions/],
  ])('%s is worth a warning', (_, other, sentence) => {
    expect(checkTopic({ ...facts, ...other })).toEqual([
      { severity: 'warning', sentence: expect.stringMatching(sentence) },
    ]);
  });

  it('is reported with all its problems', () => {
    const bad = { cleanupPolicy: 'compact', retentionMs: 1, maxMessageBytes: 1 };
    const problems = checkTopic({ ...facts, config: bad, partitions: 1 });
    expect(problems.map(({ severity }) => severity)).toEqual([
      'fatal',
      ...Array(3).fill('warning'),
    ]);
  });
});

describe('a group', () => {
  const group: GroupFacts = { group: 'workers', topic: 'sms', isNewProtocol: false, topics: [] };

  it.each([[[]], [['sms']]])('with offsets of %j has no problem', (topics) => {
    expect(checkGroup({ ...group, topics })).toEqual([]);
  });

  it('may not use another protocol', () => {
    expect(checkGroup({ ...group, isNewProtocol: true })).toEqual([
      {
        severity: 'fatal',
        sentence:
          'KAFKA_GROUP is workers, whose members use another protocol (group.protocol=consumer): stop them, or set KAFKA_GROUP to a group that only these workers use',
      },
    ]);
  });

  it('should not be that of another consumer', () => {
    expect(checkGroup({ ...group, topics: ['sms', 'orders', 'invoices'] })).toEqual([
      {
        severity: 'warning',
        sentence:
          'KAFKA_GROUP is workers, which has offsets of other topics too (invoices, orders): if another consumer uses it, set KAFKA_GROUP to a group that only these workers use',
      },
    ]);
  });
});

describe('the version of the client', () => {
  it.each(['1.10.1', '1.10.2', '1.11.0', '1.10.1-rc.1'])('may be %s', (version) => {
    expect(checkClientVersion(version)).toEqual([]);
  });

  it.each(['1.10.0', '1.9.9', '0.11.0', ''])('may not be %j', (version) => {
    expect(checkClientVersion(version)).toEqual([
      {
        severity: 'fatal',
        sentence: `the client for Kafka is @confluentinc/kafka-javascript ${version}, which is too old: update it (npm install --no-save --save-prod @confluentinc/kafka-javascript@1.10.1)`,
      },
    ]);
  });

  it('should not be another major one', () => {
    expect(checkClientVersion('2.0.0')).toMatchObject([{ severity: 'warning' }]);
    expect(checkClientVersion('10.0.0')).toMatchObject([{ severity: 'warning' }]);
  });
});

describe('a failure of the client', () => {
  it('is a problem only where waiting does not help', () => {
    const sentence = 'it is wrong';
    expect(checkFailure({ isFatal: true, sentence })).toEqual([{ severity: 'fatal', sentence }]);
    expect(checkFailure({ isFatal: false, sentence })).toEqual([]);
  });
});
