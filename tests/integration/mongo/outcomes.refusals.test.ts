import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BSON, type Document, type MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { createOutcomes, type Outcomes } from '../../support/mongoOutcomes.ts';
import { delivered, failed } from '../../support/mongoRecords.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { anEnding } from '../../support/someEndings.ts';
import { until } from '../../support/until.ts';

const replicaSet = usePrivateReplicaSet();
let client: MongoClient;
let outcomes: Outcomes;
let databases = 0;

beforeAll(async () => {
  // For documents of 16 MB: the cache a test server gets is small enough for it to refuse them.
  const setting = { wiredTigerEngineRuntimeConfig: 'cache_size=1G' };
  await replicaSet()
    .admin.db('admin')
    .command({ setParameter: 1, ...setting });
});
beforeEach(() => {
  databases += 1;
  client = createMongoClient(replicaSet().uri, 'outcomes under test');
  outcomes = createOutcomes(client, `refusals_${databases}`);
});
afterEach(async () => {
  await client.close();
});

async function insertSms(...documents: readonly Document[]): Promise<void> {
  await outcomes.sms.insertMany(documents.map((document) => ({ ...document })));
}

/** From now on no document may come to match this. */
async function forbid(filter: Document): Promise<void> {
  await outcomes.sms.db.command({ collMod: 'sms', validator: { $nor: [filter] } });
}

/** A document that has this many bytes left to 16 MB. */
function nearlyFull(_id: string, bytesLeft: number): Document {
  const full = 16 * 1024 * 1024;
  const size = BSON.calculateObjectSize({ _id, text: '' });
  return { _id, text: 'x'.repeat(full - size - bytesLeft) };
}

const response = 'refused';
const encoded = {
  ...delivered('DELIVERED', { at: 1, response }),
  responseTruncated: true,
  responseEncoding: 'base64',
} as const;
const forbiddenResponse = { 'notify_on_delivery.response': response };

function withoutResponse(_id: string): Document {
  const { response: _response, ...rest } = anEnding(_id).record;
  return rest;
}

describe('a record that is refused for its response', () => {
  it('is stored without, and whole in the ledger', async () => {
    await insertSms({ _id: 'a' });
    await forbid(forbiddenResponse);
    await outcomes.store.end(anEnding('a', { record: encoded }));
    expect(await outcomes.shown('a')).toStrictEqual(withoutResponse('a'));
    expect(await outcomes.row('a:DELIVERED')).toMatchObject({
      record: { response, responseTruncated: true, responseEncoding: 'base64' },
    });
    expect(outcomes.failedCodes).toEqual([]);
    expect(outcomes.logger.lines).toEqual([]);
  });

  it('is stored without in a document that has little room left', async () => {
    await insertSms(nearlyFull('a', 1_000));
    const record = delivered('DELIVERED', { at: 1, response: 'r'.repeat(1_000) });
    await outcomes.store.end(anEnding('a', { record }));
    expect(await outcomes.shown('a')).toStrictEqual(withoutResponse('a'));
    expect(outcomes.failedCodes).toEqual([]);
  });

  it('does not keep the others of its batch from theirs', async () => {
    const ids = Array.from({ length: 30 }, (_, index) => `sms-${index}`);
    await insertSms(...ids.map((_id) => ({ _id })));
    await forbid(forbiddenResponse);
    const isRefused = (index: number): boolean => index % 7 === 0;
    await Promise.all(
      ids
        .map((id, index) => anEnding(id, isRefused(index) ? { record: encoded } : {}))
        .map(outcomes.store.end),
    );
    for (const [index, id] of ids.entries()) {
      const expected = isRefused(index) ? withoutResponse(id) : anEnding(id).record;
      expect(await outcomes.shown(id)).toStrictEqual(expected);
    }
  });
});

describe('a record that is refused always', () => {
  it.each([
    ['121', 'by a validator', { _id: 'a' }, { notify_on_delivery: { $exists: true } }],
    ['17419', 'for its size', nearlyFull('a', 20), {}],
  ])('with %s %s is in the ledger, counted and logged', async (code, _, document, forbidden) => {
    await insertSms(document, { _id: 'b', notify_on_delivery: null });
    if (code === '121') await forbid({ $and: [{ _id: 'a' }, forbidden] });
    const ending = anEnding('a', { record: failed('DELIVERED', { at: 1, response: 'secret' }) });
    await Promise.all([outcomes.store.end(ending), outcomes.store.end(anEnding('b'))]);
    expect(await outcomes.shown('a')).toBeUndefined();
    expect(await outcomes.shown('b')).toStrictEqual(anEnding('b').record);
    expect(await outcomes.row('a:DELIVERED')).toMatchObject({ record: ending.record });
    expect(outcomes.failedCodes).toEqual([code]);
    expect(outcomes.logger.lines).toEqual([
      {
        level: 'error',
        event: 'record_failed',
        fields: {
          notificationId: 'a:DELIVERED',
          code: Number(code),
          error: expect.objectContaining({ message: expect.not.stringContaining('secret') }),
        },
      },
    ]);
  });
});

describe('a failure that is no refusal', () => {
  it('keeps its batch waiting, beside refusals too, until it is fixed', async () => {
    await insertSms({ _id: 'first', notify_on_delivery: { webhookId: 7 } }, { _id: 'a' });
    await insertSms({ _id: 'refused' });
    await forbid({ $and: [{ _id: 'refused' }, forbiddenResponse] });
    const index = await outcomes.sms.createIndex(
      { 'notify_on_delivery.webhookId': 1 },
      { unique: true, sparse: true },
    );
    const ended = Promise.all(
      [anEnding('refused', { record: encoded }), anEnding('a')].map(outcomes.store.end),
    );
    const line = await until('the record was tried', () => outcomes.logger.lines[0]);
    expect(line).toMatchObject({ event: 'database_retry', fields: { what: 'record' } });
    await outcomes.sms.dropIndex(index);
    await ended;
    expect(await outcomes.shown('a')).toStrictEqual(anEnding('a').record);
    expect(await outcomes.shown('refused')).toStrictEqual(withoutResponse('refused'));
    expect(outcomes.failedCodes).toEqual([]);
  });
});

describe('a batch with everything that can happen', () => {
  it('acknowledges each of its ends', async () => {
    await insertSms(
      { _id: 'plain' },
      { _id: 'refused' },
      { _id: 'moved', accountID: 29 },
      { _id: 'moved and refused', accountID: 29 },
    );
    await forbid(forbiddenResponse);
    const movedKey = (_id: string) => ({ documentKey: { opaque: { accountID: 28, _id } } });
    await Promise.all(
      [
        anEnding('plain'),
        anEnding('refused', { record: encoded }),
        anEnding('moved', movedKey('moved')),
        anEnding('moved and refused', { record: encoded, ...movedKey('moved and refused') }),
        anEnding('deleted'),
      ].map(outcomes.store.end),
    );
    expect(await outcomes.shown('plain')).toStrictEqual(anEnding('plain').record);
    expect(await outcomes.shown('refused')).toStrictEqual(withoutResponse('refused'));
    expect(await outcomes.shown('moved')).toStrictEqual(anEnding('moved').record);
    expect(await outcomes.shown('moved and refused')).toStrictEqual(
      withoutResponse('moved and refused'),
    );
    expect(outcomes.logger.lines).toEqual([
      expect.objectContaining({
        event: 'document_gone',
        fields: { notificationId: 'deleted:DELIVERED', phase: 'record' },
      }),
    ]);
  });
});
