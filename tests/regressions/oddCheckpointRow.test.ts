import { describe, expect, it } from '@jest/globals';
import { Timestamp } from 'mongodb';
import { createCheckpointStore } from '../../src/mongo/checkpoints.ts';
import { toPosition } from '../../src/mongo/position.ts';
import type { CheckpointStore } from '../../src/ports/source.ts';
import { undecodable } from '../support/oddBson.ts';
import { damage, made, useOddRows, type Fields } from '../support/oddRows.ts';
import { useServers } from '../support/servers.ts';

const servers = useServers(import.meta.url);
const rows = useOddRows(() => servers().db);
const HOUR_MS = 3_600_000;
const rememberMs = 72 * HOUR_MS;
const marginMs = 24 * HOUR_MS;

// It was read again and again, and whoever had the lease stood still.
describe('an odd row of the checkpoint', () => {
  const watched = { namespace: 'central.sms', collectionUuid: null };
  const store = (): CheckpointStore =>
    createCheckpointStore(
      rows().state.checkpoints,
      watched,
      { owner: 'a', epoch: 3 },
      {
        unreadable: rows().unreadable,
        earliest: () => new Date(Date.now() - rememberMs + marginMs),
      },
    );
  const wallTime = new Date('2023-10-19T06:29:12.408Z');
  const clusterTime = new Timestamp({ t: 1_697_696_952, i: 3 });
  const position = toPosition({ token: null, clusterTime }, wallTime);
  const load = async (fields: Fields) => {
    expect(await store().save(position)).toBe('saved');
    await damage(rows().state.checkpoints, {}, fields);
    const loading = store();
    const loaded = await loading.load();
    expect(await loading.save(position)).toBe('saved');
    rows().expectReported('notify_on_delivery_checkpoints', '0');
    return loaded;
  };

  it.each<readonly [string, Fields]>([
    ['a wall time that is text', { wallTime: 'x' }],
    ['no wall time', { wallTime: undefined }],
    ['a wall time that no Date can hold', { wallTime: made.dateBeyondAll }],
    ['a token that is text', { token: '82' }],
    ['a token that says nothing', { token: { a: 1 } }],
    ['a token that the driver refuses', { token: undecodable.regex() }],
    ['a save that is a number', { save: 5, wallTime: 'x' }],
  ])('is continued from by its cluster time: %s', async (_what, fields) => {
    const loaded = await load(fields);
    const seconds = new Date('2023-10-19T06:29:12.000Z');
    const at = 'wallTime' in fields ? seconds : wallTime;
    expect(loaded).toEqual({ position: toPosition({ token: null, clusterTime }, at), doubt: null });
  });

  it.each<readonly [string, Fields]>([
    ['no cluster time', { clusterTime: undefined }],
    ['a cluster time that is a date', { clusterTime: new Date() }],
    ['a cluster time that is a number', { clusterTime: 5 }],
  ])('is in doubt from its wall time on: %s', async (_what, fields) => {
    const loaded = await load(fields);
    expect(loaded).toMatchObject({ position: { wallTime }, doubt: expect.any(String) });
  });

  it('is in doubt from when it was saved, when it says nothing else', async () => {
    const savedAt = new Date('2023-10-20T00:00:00Z');
    const loaded = await load({ clusterTime: 1, wallTime: 'x', savedAt });
    expect(loaded).toMatchObject({ position: { wallTime: savedAt }, doubt: expect.any(String) });
  });

  it('is in doubt from as early as is remembered, when it says no time at all', async () => {
    const before = Date.now() - rememberMs + marginMs;
    const loaded = await load({ clusterTime: 1, wallTime: 'x', savedAt: 5 });
    const from = Number(loaded?.position.wallTime);
    expect(Math.abs(from - before)).toBeLessThan(HOUR_MS);
  });

  it('is continued from by the time in its token, when that alone is there', async () => {
    const token = { _data: '826530CB38000000032B0229296E04' };
    const loaded = await load({ clusterTime: 'x', token });
    const ofToken = new Timestamp({ t: 0x6530cb38, i: 3 });
    const whole = toPosition({ token, clusterTime: ofToken }, wallTime);
    expect(loaded).toEqual({ position: whole, doubt: null });
  });

  it('is in doubt when what it was of can not be compared', async () => {
    expect(await store().save(position)).toBe('saved');
    await damage(rows().state.checkpoints, {}, { collectionUuid: made.unwritable });
    const ofOne = { namespace: 'central.sms', collectionUuid: 'uuid' };
    const holder = { owner: 'a', epoch: 3 };
    const loaded = await createCheckpointStore(rows().state.checkpoints, ofOne, holder).load();
    expect(loaded).toMatchObject({ position: { wallTime }, doubt: expect.any(String) });
  });
});
