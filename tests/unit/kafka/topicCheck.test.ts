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
  const ours = { clientId: 'host:7', topics: ['sms'] };
  const described = { isNewProtocol: false, assignor: 'cooperative-sticky', members: [ours] };
  const group = (other: Partial<typeof described>): GroupFacts => ({
    group: 'workers',
    topic: 'sms',
    described: { ...described, ...other },
  });

  it.each([
    ['that is new', { ...group({}), described: null }],
    ['of our workers', group({})],
    ['without members, whatever they were', group({ members: [], assignor: 'range' })],
    ['that gets its first members', group({ assignor: '', members: [{ ...ours, topics: [] }] })],
  ])('%s has no problem', (_, known) => {
    expect(checkGroup(known)).toEqual([]);
  });

  it.each([
    [group({ assignor: 'range' }), 'assignor range'],
    [group({ isNewProtocol: true, assignor: 'uniform' }), 'group.protocol=consumer'],
  ])('may not use another protocol', (known, how) => {
    expect(checkGroup(known)).toEqual([
      {
        severity: 'fatal',
        sentence: `KAFKA_GROUP is workers, whose members use another protocol (${how}): stop its other members, or set KAFKA_GROUP to a group that only these workers use`,
      },
    ]);
  });

  it('should not have members that read another topic', () => {
    const foreign = { clientId: 'billing', topics: ['invoices', 'sms'] };
    expect(checkGroup(group({ members: [ours, foreign] }))).toEqual([
      {
        severity: 'warning',
        sentence:
          'KAFKA_GROUP is workers, of which member billing reads another topic (invoices): stop its other members, or set KAFKA_GROUP to a group that only these workers use',
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
        sentence: `the client for Kafka is @confluentinc/kafka-javascript ${version}, which is too old: update it (npm install @confluentinc/kafka-javascript@1.10.1)`,
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
