import { describe, expect, it } from '@jest/globals';
import { Decimal128, Long, MaxKey, Timestamp } from 'mongodb';
import { createCheckpointStore } from '../../src/mongo/checkpoints.ts';
import { createLeaseStore } from '../../src/mongo/leases.ts';
import { toPosition } from '../../src/mongo/position.ts';
import type { Lease, LeaseStore } from '../../src/ports/source.ts';
import { undecodable } from '../support/oddBson.ts';
import { damage, useOddRows, type Fields } from '../support/oddRows.ts';
import { useServers } from '../support/servers.ts';

const servers = useServers(import.meta.url);
const rows = useOddRows(() => servers().db);

describe('an odd row of a lease', () => {
  const worker = (owner: string): LeaseStore =>
    createLeaseStore({ ...rows().state, owner, ttlMs: 60_000, unreadable: rows().unreadable });
  const acquired = async (store: LeaseStore): Promise<Lease> => {
    const lease = await store.acquire();
    if (lease === null) throw new Error('another worker holds the lease');
    return lease;
  };
  const watched = { namespace: 'central.sms', collectionUuid: null };
  const position = toPosition({ token: null, clusterTime: new Timestamp(1n) }, new Date());
  const save = async (owner: string, { epoch }: Lease): Promise<string> =>
    await createCheckpointStore(rows().state.checkpoints, watched, {
      owner,
      epoch,
    }).save(position);

  it.each<readonly [string, Fields]>([
    ['an end that is text', { until: 'x' }],
    ['no end', { until: undefined }],
    ['an end that is null', { until: null }],
    ['an end that is a timestamp', { until: new Timestamp({ t: 4_000_000_000, i: 1 }) }],
    ['an end that is a regular expression', { until: /x/ }],
    ['an end that comes after all others', { until: new MaxKey() }],
    ['an epoch that is text', { epoch: 'x', until: new Date(0) }],
    ['no epoch', { epoch: undefined, until: new Date(0) }],
    ['an epoch that is no number', { epoch: Number.NaN, until: new Date(0) }],
    ['an epoch that is a decimal', { epoch: Decimal128.fromString('7'), until: new Date(0) }],
    ['an epoch without end', { epoch: Number.POSITIVE_INFINITY, until: new Date(0) }],
    ['an epoch past counting', { epoch: Long.MAX_VALUE, until: new Date(0) }],
    ['an owner that the driver refuses', { owner: undecodable.regex(), until: new Date(0) }],
    ['an epoch that lies behind the checkpoint', { epoch: 0, until: new Date(0) }],
  ])('keeps nobody from working: %s', async (_what, fields) => {
    const before = await acquired(worker('before'));
    expect(await save('before', before)).toBe('saved');
    await damage(rows().state.leases, {}, fields);
    const lease = await acquired(worker('a'));
    expect(lease.epoch).toBeGreaterThan(before.epoch);
    expect(Number.isSafeInteger(lease.epoch)).toBe(true);
    expect(await worker('b').acquire()).toBeNull();
    expect(await save('a', lease)).toBe('saved');
  });

  it('is reported, with what was done', async () => {
    await acquired(worker('before'));
    await damage(rows().state.leases, {}, { until: 'x', epoch: 'y' });
    await acquired(worker('a'));
    rows().expectReported('notify_on_delivery_leases', '0');
    expect(rows().logger.of('row_unreadable')).toHaveLength(1);
  });

  it.each<readonly [string, unknown]>([
    ['text', 'x'],
    ['past counting', 1e300],
    ['a list', [99]],
    ['a value that the driver refuses', undecodable.regex()],
  ])('keeps nobody from saving when the epoch of the checkpoint is %s', async (_what, epoch) => {
    expect(await save('before', await acquired(worker('before')))).toBe('saved');
    await damage(rows().state.checkpoints, {}, { epoch });
    await damage(rows().state.leases, {}, { until: new Date(0) });
    const lease = await acquired(worker('a'));
    expect(await save('a', lease)).toBe('saved');
    expect(await rows().state.checkpoints.findOne()).toMatchObject({
      owner: 'a',
      epoch: lease.epoch,
    });
  });
});
