import { beforeAll, describe, expect, it } from '@jest/globals';
import { Long, ObjectId, UUID } from 'mongodb';
import { stateCollections } from '../../../src/mongo/database.ts';
import { findEnds } from '../../../src/mongo/ledger.ts';
import { findSms } from '../../../src/mongo/storedSms.ts';
import { useServers } from '../../support/servers.ts';
import { untyped } from '../../support/untyped.ts';

const servers = useServers(import.meta.url);
const state = () => stateCollections(servers().db);
const sms = () => servers().db.collection('sms');

describe('an SMS', () => {
  const hex = '64b7f0c2a1d3e4f5a6b7c8d9';
  const uuid = '290a4138-5729-475f-95e1-9ff30f851d67';
  beforeAll(async () => {
    const ids = [
      'text',
      ObjectId.createFromHexString(hex),
      new UUID(uuid),
      42,
      Long.fromString('9007199254740993'),
    ];
    await sms().insertMany(ids.map((_id) => ({ _id: _id as never, deliveryStatus: 'SENT' })));
  });

  it.each(['text', hex, uuid, '42', '9007199254740993'])(
    'is found by the text of its _id: %s',
    async (id) => {
      expect(await findSms(sms(), id)).toMatchObject({
        _id: expect.anything(),
        deliveryStatus: 'SENT',
      });
    },
  );

  it('is not there', async () => {
    expect(await findSms(sms(), 'nobody')).toBeNull();
  });

  it("has its own ends, and no other's", async () => {
    const endedAt = new Date();
    const row = { state: 'failed', endedAt, expireAt: endedAt, record: null };
    await untyped(state().sent).insertMany([
      { _id: 'text:SENT', ...row },
      { _id: 'text2:SENT', ...row },
    ]);
    const ends = await findEnds(state().sent, { _id: 'text' });
    expect(ends.map(({ notificationId }) => notificationId)).toEqual(['text:SENT']);
    expect(await findEnds(state().sent, { _id: 1.5 })).toEqual([]);
  });
});
