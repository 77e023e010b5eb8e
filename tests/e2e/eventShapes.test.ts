import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClientSession } from 'mongodb';
import { newSms, setStatus, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { settled } from '../support/settled.ts';

const e2e = useEndToEnd(import.meta.url);

type Writes = (sms: SmsDocument) => Promise<unknown>;

const status = { deliveryStatus: 'DELIVERED', deliveryTime: new Date() };
const inserted = async (sms: SmsDocument, more: object = {}): Promise<unknown> =>
  await e2e().sms.insertOne({ ...sms, ...more });
const updated = async (sms: SmsDocument, update: object | object[]): Promise<unknown> =>
  await e2e().sms.updateOne({ _id: sms._id }, update);
const replaced = async (sms: SmsDocument, more: object = {}): Promise<unknown> =>
  await e2e().sms.replaceOne({ _id: sms._id }, { ...sms, ...more });

/** What is written, and the statuses that are to be notified, in order. */
const shapes: readonly (readonly [string, Writes, readonly string[]])[] = [
  [
    'an update that sets the status',
    async (sms) => {
      await inserted(sms);
      await updated(sms, { $set: status });
    },
    ['DELIVERED'],
  ],
  [
    'an update by a pipeline',
    async (sms) => {
      await inserted(sms);
      await updated(sms, [{ $set: { deliveryStatus: 'DELIVERED' } }]);
    },
    ['DELIVERED'],
  ],
  [
    'the same value set again',
    async (sms) => {
      await inserted(sms, status);
      await updated(sms, { $set: { deliveryStatus: 'DELIVERED' } });
      await updated(sms, [{ $set: { deliveryStatus: 'DELIVERED' } }]);
    },
    ['DELIVERED'],
  ],
  [
    'the same status beside another field that changes',
    async (sms) => {
      await inserted(sms, status);
      await updated(sms, { $set: { deliveryStatus: 'DELIVERED', length: 47 } });
    },
    ['DELIVERED'],
  ],
  [
    'a status that is set to null or removed',
    async (sms) => {
      await inserted(sms, { deliveryStatus: null });
      await updated(sms, { $set: { deliveryStatus: 'SENT' } });
      await updated(sms, { $set: { deliveryStatus: null } });
      await updated(sms, { $unset: { deliveryStatus: 1 } });
    },
    ['SENT'],
  ],
  ['an insert that carries one', async (sms) => await inserted(sms, status), ['DELIVERED']],
  ['an insert without one', async (sms) => await inserted(sms), []],
  [
    'a replace that carries one',
    async (sms) => {
      await inserted(sms);
      await replaced(sms, status);
    },
    ['DELIVERED'],
  ],
  [
    'findOneAndReplace',
    async (sms) => {
      await inserted(sms);
      await e2e().sms.findOneAndReplace({ _id: sms._id }, { ...sms, ...status });
    },
    ['DELIVERED'],
  ],
  [
    'an identical replace',
    async (sms) => {
      await inserted(sms, status);
      await replaced(sms, status);
    },
    ['DELIVERED'],
  ],
  [
    'an upsert that creates',
    async (sms) => {
      const { _id, ...fields } = sms;
      await e2e().sms.updateOne({ _id }, { $set: { ...fields, ...status } }, { upsert: true });
    },
    ['DELIVERED'],
  ],
  [
    'a field renamed to deliveryStatus',
    async (sms) => {
      await inserted(sms, { carrierStatus: 'FAILED' });
      await updated(sms, { $rename: { carrierStatus: 'deliveryStatus' } });
    },
    ['FAILED'],
  ],
  [
    'a status that changes and comes back',
    async (sms) => {
      await inserted(sms);
      for (const each of ['SENT', 'DELIVERED', 'SENT']) await setStatus(e2e().sms, sms._id, each);
    },
    ['SENT', 'DELIVERED'],
  ],
  [
    'two statuses in one transaction',
    async (sms) => {
      await inserted(sms);
      await inTransaction(async (session) => {
        for (const deliveryStatus of ['SENT', 'DELIVERED']) {
          await e2e().sms.updateOne({ _id: sms._id }, { $set: { deliveryStatus } }, { session });
        }
      });
    },
    ['SENT', 'DELIVERED'],
  ],
  [
    'an array truncated by a pipeline',
    async (sms) => {
      await inserted(sms, { ...status, parts: [1, 2, 3] });
      await updated(sms, [{ $set: { parts: { $slice: ['$parts', 2] } } }]);
    },
    ['DELIVERED'],
  ],
  [
    'a write of something else',
    async (sms) => {
      await inserted(sms);
      await updated(sms, { $set: { notify_on_delivery: { state: 'odd' }, length: 1 } });
    },
    [],
  ],
];

async function inTransaction(work: (session: ClientSession) => Promise<void>): Promise<void> {
  await e2e().servers.mongo.withSession(
    async (session) => await session.withTransaction(async () => await work(session)),
  );
}

/** The statuses the receiver was reported for this SMS, in order. */
function notified(id: string): readonly string[] {
  return e2e()
    .receiver.requests('/hook')
    .map((request) => (request.headers['webhook-id'] as string).split(':'))
    .filter(([smsId]) => smsId === id)
    .map(([, deliveryStatus = '']) => deliveryStatus);
}

describe('each way to write a status', () => {
  const cases = shapes.map(([name, write, expected]) => ({ name, write, expected, sms: newSms() }));

  let running: WorkerProcess;

  beforeAll(async () => {
    const { central, receiver, worker } = e2e();
    await central.optIn(28, 200, { url: receiver.url('/hook') });
    running = await worker();
    for (const { sms, write } of cases) await write(sms);
    await settled(e2e());
  }, 60_000);
  afterAll(async () => {
    await running.stop();
  });

  it.each(cases)('$name: tells $expected', ({ sms, expected }) => {
    expect(notified(sms._id)).toEqual(expected);
  });
});

describe('a status that was notified already', () => {
  const sms = newSms();

  /** A save by somebody whose copy of the document has no record, or an old one. */
  const save = async (record?: unknown): Promise<void> => {
    const old = record === undefined ? {} : { notify_on_delivery: record };
    await replaced(sms, { ...status, ...old, savedAt: new Date() });
    await settled(e2e());
  };

  it('is not notified again when the document is saved without its record, which is put back', async () => {
    const { worker, record } = e2e();
    await worker();
    await inserted(sms);
    await updated(sms, { $set: { deliveryStatus: 'SENT' } });
    const sent = await record(sms._id);
    await updated(sms, { $set: status });
    const before = await record(sms._id, (each) => each['deliveryStatus'] === 'DELIVERED');
    await save();
    expect(await record(sms._id)).toEqual(before);
    await save(sent);
    expect(await record(sms._id)).toEqual(before);
    expect(notified(sms._id)).toEqual(['SENT', 'DELIVERED']);
  }, 60_000);

  it('is not notified again by a worker started later either', async () => {
    const { worker, record } = e2e();
    const before = await record(sms._id);
    await worker();
    await save();
    expect(await record(sms._id)).toEqual(before);
    await updated(sms, { $set: { deliveryStatus: 'SENT' } });
    await settled(e2e());
    expect(notified(sms._id)).toEqual(['SENT', 'DELIVERED']);
  }, 60_000);

  it('is not notified again when only the document remembers', async () => {
    const { worker, servers } = e2e();
    await servers.db.collection('notify_on_delivery_sent').deleteMany({});
    await worker();
    await updated(sms, { $set: { deliveryStatus: 'DELIVERED' } });
    await updated(sms, { $set: { deliveryStatus: 'SENT' } });
    await settled(e2e());
    expect(notified(sms._id)).toEqual(['SENT', 'DELIVERED']);
  }, 60_000);
});
