import { describe, expect, it } from '@jest/globals';
import { Timestamp } from 'mongodb';
import { createEndpointStore } from '../../src/mongo/endpoints.ts';
import { createJobStore } from '../../src/mongo/jobs.ts';
import { createReplayQueue } from '../../src/mongo/retrySupport.ts';
import { aSubject } from '../support/builders.ts';
import { undecodable } from '../support/oddBson.ts';
import { damage, useOddRows, type Fields } from '../support/oddRows.ts';
import { createRecordingMetrics } from '../support/recorders.ts';
import { useServers } from '../support/servers.ts';
import { untyped } from '../support/untyped.ts';

const servers = useServers(import.meta.url);
const rows = useOddRows(() => servers().db);

describe('an odd row of an endpoint', () => {
  it.each<readonly [string, unknown, unknown]>([
    ['a number', 5, 5],
    ['a value that the driver refuses', { a: undecodable.regex() }, expect.any(String)],
  ])('keeps no other from being known when its name is %s', async (_what, id, notified) => {
    const { endpoints } = rows().state;
    await untyped(endpoints).insertMany([
      { _id: id as never },
      { _id: 'key', webhookId: {}, url: 5 },
    ]);
    const { signal } = new AbortController();
    const store = createEndpointStore({
      endpoints,
      logger: rows().logger,
      metrics: createRecordingMetrics(),
      signal,
      unreadable: rows().unreadable,
    });
    await store.load();
    expect(store.isDisabled('key')).toBe(true);
    rows().expectReported('notify_on_delivery_endpoints', notified);
  });
});

describe('an odd row of a job', () => {
  const order = { kind: 'replay', arguments: { since: 'x' } } as const;

  it.each<readonly [string, Fields]>([
    ['it was heard of at no time', { updatedAt: undefined }],
    ['it was heard of at a text', { updatedAt: 'x' }],
    ['it was heard of at a timestamp', { updatedAt: new Timestamp({ t: 4_000_000_000, i: 1 }) }],
    ['its counts are a text', { counts: 'x', state: 'interrupted' }],
    ['a count is a text', { counts: { queued: 'x' }, state: 'interrupted' }],
    ['its run is a number', { run: 5, state: 'interrupted' }],
    ['it comes from nowhere', { from: undefined, state: 'interrupted' }],
    ['it comes from what no _id is', { from: undecodable.regex(), state: 'interrupted' }],
    [
      'a count is refused by the driver',
      { counts: { a: undecodable.regex() }, state: 'interrupted' },
    ],
    ['its run is refused by the driver', { run: undecodable.regex(), state: 'interrupted' }],
  ])('is begun all the same: %s', async (_what, fields) => {
    await createJobStore(rows().state.jobs).begin(order);
    await damage(rows().state.jobs, {}, fields);
    const job = await createJobStore(rows().state.jobs).begin(order);
    expect(typeof job?.run).toBe('string');
    expect(job?.from).toBeDefined();
    expect(Object.values(job?.counts ?? { none: null }).every(Number.isFinite)).toBe(true);
  });

  it('is gone on from where its place is an _id that the driver refuses', async () => {
    const from = { a: undecodable.regex() };
    const first = await createJobStore(rows().state.jobs).begin(order);
    await damage(rows().state.jobs, {}, { from, state: 'interrupted' });
    const jobs = createJobStore(rows().state.jobs);
    const job = await jobs.begin(order);
    expect(job).toMatchObject({ run: first?.run, isResumed: true });
    if (job === null) throw new Error('it was free');
    expect(await jobs.save(job, { from: job.from, counts: {}, total: null })).toBe(true);
    expect(await rows().state.jobs.countDocuments({ from: { $eq: from } })).toBe(1);
  });

  it('is begun by nobody else meanwhile, nor once more by who has it', async () => {
    const jobs = createJobStore(rows().state.jobs);
    await jobs.begin(order);
    expect(await jobs.begin(order)).toBeNull();
    expect(await createJobStore(rows().state.jobs).begin(order)).toBeNull();
  });

  it.each<readonly [string, Fields]>([
    ['counts that are a text', { counts: 'x' }],
    ['arguments that are missing', { arguments: undefined }],
    ['a time that is a text', { updatedAt: 'x' }],
    ['a value that the driver refuses', { from: undecodable.regex() }],
  ])('is listed with the others: %s', async (_what, fields) => {
    const jobs = createJobStore(rows().state.jobs);
    await jobs.begin(order);
    await damage(rows().state.jobs, {}, fields);
    await jobs.begin({ ...order, arguments: { since: 'y' } });
    const latest = await jobs.latest(10);
    expect(latest).toHaveLength(2);
    for (const job of latest) {
      expect(typeof job.arguments).toBe('object');
      expect(Object.values(job.counts).every(Number.isFinite)).toBe(true);
    }
    expect(latest.filter((job) => 'unreadable' in job)).toHaveLength(1);
  });
});

describe('an odd row beside what is to be notified again', () => {
  it.each(['retries', 'sent'] as const)('keeps none from being queued: %s', async (name) => {
    const run = undecodable.regex();
    await untyped(rows().state[name]).insertOne({ _id: 'a:DELIVERED', run });
    const again = ['a', 'b'].map((smsKey) => ({
      subject: aSubject({ smsKey, notificationId: `${smsKey}:DELIVERED`, run: 'now' }),
      ...{ accountId: 28, flowId: 200, body: Buffer.from('{}') },
    }));
    const queue = createReplayQueue(rows().state);
    expect((await queue.preview(again))[1]).toBe('queued');
    expect((await queue.add(again))[1]).toBe('queued');
  });
});
