import { describe, expect, it } from '@jest/globals';
import { judge, type Lamp } from '../../../src/support/health.ts';
import type { WorkerStatus } from '../../../src/support/workerStatus.ts';

const at = new Date('2026-01-31T10:00:00Z');
const lease = { partition: '0', worker: 'host:1', epoch: 7, until: at, isHeld: true };
const checkpoint = {
  ...{ partition: '0', at, savedAt: at, worker: 'host:1' },
  ...{ lagSeconds: 2, oplogHeadroomSeconds: 86_400 },
};

/** Of a worker that has nothing to do. */
function aStatus(fields: Partial<WorkerStatus> = {}): WorkerStatus {
  return {
    mongodb: {
      servers: ['db:27017'],
      database: 'central',
      collection: 'sms',
      stateDatabase: 'central',
    },
    mysql: { server: 'mysql:3306', database: 'central' },
    topic: null,
    checkpoints: [checkpoint],
    retries: { pending: 0, blocked: 0, oldestOverdueSeconds: 0 },
    ...{ endpointsDisabled: 0, breakers: [], disabled: [], leases: [lease], standbys: [] },
    ...{ topicWorkers: 0, gaps: [], jobs: [] },
    ...fields,
  };
}

const aBreaker = {
  kind: 'breaker_open',
  ...{ endpoint: 'key', accountId: 28, webhookId: 7 },
  ...{ url: 'https://customer.example/hook', since: at, failures: 10, lastStatusCode: 503 },
  ...{ lastError: null, nextProbeAt: at, worker: 'host:1', waiting: 3 },
} as const;
const aGap = { id: 'gap', from: at, to: at, recovered: 0, unplaceable: 0 };
const aTopic: NonNullable<WorkerStatus['topic']> = {
  ...{ brokers: ['kafka:9092'], topic: 'sms', group: 'notify', problem: null },
  partitions: [],
};
const aPartition = {
  ...{ partition: 0, committed: 1n, end: 2n, lag: 1, acknowledgedAt: at, savedAt: at },
  worker: 'host:1',
} as unknown as NonNullable<WorkerStatus['topic']>['partitions'][number];

const lampsOf = (status: WorkerStatus): Readonly<Record<string, Lamp['state']>> =>
  Object.fromEntries(judge(status, null).lamps.map(({ name, state }) => [name, state]));

describe('it works', () => {
  it('when a worker is active and nothing is late', () => {
    const { state, sentence, lamps } = judge(aStatus(), null);
    expect([state, sentence]).toEqual(['works', 'It works.']);
    expect(lamps.map(({ state: lamp }) => lamp)).toEqual(Array.from({ length: 7 }, () => 'good'));
  });

  it('when customers’ endpoints are down, which is said', () => {
    const retries = { pending: 3, blocked: 3, oldestOverdueSeconds: 0 };
    const { state, sentence } = judge(aStatus({ breakers: [aBreaker], retries }), null);
    expect(state).toBe('works');
    expect(sentence).toBe('It works; 1 endpoint is not called, 3 notifications wait there.');
  });

  it('when nothing was ever read', () => {
    const status = aStatus({ checkpoints: [] });
    expect(judge(status, null).state).toBe('works');
    expect(lampsOf(status)).toMatchObject({ statuses: 'unknown' });
  });

  it('when workers of a topic are active', () => {
    const status = aStatus({ topic: aTopic, topicWorkers: 2, leases: [], checkpoints: [] });
    expect(judge(status, null)).toMatchObject({ state: 'works', sentence: 'It works.' });
  });
});

describe('it is late', () => {
  it.each<[string, Partial<WorkerStatus>, string]>([
    [
      'while the checkpoint lags',
      { checkpoints: [{ ...checkpoint, lagSeconds: 300 }] },
      'It works, but late: statuses of the last 5 min may not be dealt with yet.',
    ],
    [
      'while a retry is overdue',
      { retries: { pending: 1, blocked: 0, oldestOverdueSeconds: 90 } },
      'It works, but late: 1 notification waits, the oldest overdue by 1 min 30 s.',
    ],
    [
      'while a gap is searched',
      { gaps: [aGap] },
      'It works, but late: 1 gap in the stream is still being searched for statuses.',
    ],
    [
      'while the topic has many messages',
      { topic: { ...aTopic, partitions: [{ ...aPartition, lag: 1_001 }] }, topicWorkers: 1 },
      'It works, but late: 1,001 messages of the topic are not read yet.',
    ],
  ])('%s', (_what, fields, sentence) => {
    expect(judge(aStatus(fields), null)).toMatchObject({ state: 'late', sentence });
  });
});

describe('it does not work', () => {
  it.each<[string, Partial<WorkerStatus>, RegExp]>([
    ['without a worker', { leases: [] }, /^It does not work: no worker is active: start one/],
    [
      'without one that has the lease',
      { leases: [{ ...lease, isHeld: false }], standbys: [{ worker: 'host:2', seenAt: at }] },
      /no worker is active, though 1 worker stands by: look at its log\.$/,
    ],
    [
      'when the oplog runs out',
      { checkpoints: [{ ...checkpoint, lagSeconds: 300, oplogHeadroomSeconds: 600 }] },
      /oplog reaches back only 10 min further: enlarge it\.$/,
    ],
    [
      'when Kafka is silent',
      { topic: { ...aTopic, problem: 'no broker answers.' }, topicWorkers: 1 },
      /^It does not work: Kafka does not answer: no broker answers\.$/,
    ],
  ])('%s', (_what, fields, sentence) => {
    const health = judge(aStatus(fields), null);
    expect(health.state).toBe('down');
    expect(health.sentence).toMatch(sentence);
  });

  it('without MySQL, and says that nothing is lost', () => {
    const { state, sentence } = judge(aStatus(), 'MySQL has not answered within 2 s');
    expect(state).toBe('down');
    expect(sentence).toBe(
      'It does not work: MySQL has not answered within 2 s; statuses wait until it answers, none is lost.',
    );
  });

  it('without MongoDB, of which only that and MySQL are known', () => {
    const { state, sentence, lamps } = judge('MongoDB has not answered within 5 s', null);
    expect([state, sentence]).toEqual([
      'down',
      'It does not work: MongoDB has not answered within 5 s.',
    ]);
    expect(lamps.map(({ name }) => name)).toEqual(['MongoDB', 'MySQL']);
  });

  it('names all that is wrong', () => {
    const { sentence } = judge(aStatus({ leases: [] }), 'MySQL has not answered within 2 s');
    expect(sentence).toMatch(/MySQL has not answered.*; no worker is active/);
  });
});
