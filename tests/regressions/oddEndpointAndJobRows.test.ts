import { describe, expect, it } from '@jest/globals';
import { Timestamp } from 'mongodb';
import { createEndpointStore } from '../../src/mongo/endpointStore.ts';
import { createJobStore } from '../../src/mongo/operator/jobStore.ts';
import { undecodable } from '../support/oddBson.ts';
import { damage, useOddRows, type Fields } from '../support/oddRows.ts';
import { createRecordingMetrics } from '../support/recorders.ts';
import { useServers } from '../support/servers.ts';

const servers = useServers(import.meta.url);
const rows = useOddRows(() => servers().db);

describe('an odd row of an endpoint', () => {
  it.each<readonly [string, unknown, unknown]>([
    ['a number', 5, 5],
    ['a value that the driver refuses', { a: undecodable.regex() }, expect.any(String)],
  ])('keeps no other from being known when its name is %s', async (_what, id, told) => {
    const { endpoints } = rows().state;
    await endpoints.insertMany([{ _id: id as never }, { _id: 'key', webhookId: {}, url: 5 }]);
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
    rows().expectTold('notify_on_delivery_endpoints', told);
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
  ])('is begun all the same: %s', async (_what, fields) => {
    await createJobStore(rows().state.jobs).begin(order);
    await damage(rows().state.jobs, {}, fields);
    const job = await createJobStore(rows().state.jobs).begin(order);
    expect(typeof job?.run).toBe('string');
    expect(job?.from).toBeDefined();
    expect(Object.values(job?.counts ?? { none: null }).every(Number.isFinite)).toBe(true);
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
