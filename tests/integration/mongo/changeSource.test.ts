import { describe, expect, it } from '@jest/globals';
import type { Collection, Document } from 'mongodb';
import type { PlainDocument } from '../../../src/domain/plainValue.ts';
import { recordUpdate } from '../../../src/mongo/recordUpdate.ts';
import type { StreamRead } from '../../../src/pipeline/ports.ts';
import { aRecord } from '../../support/builders.ts';
import { openAtEnd, readsSoFar } from '../../support/mongoStream.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
let collections = 0;

function newCollection(): Collection {
  collections += 1;
  return servers().db.collection(`sms_${collections}`);
}

/** What one write to the SMS `a` makes of the stream: at most one read that is not empty. */
interface Shape {
  readonly write: string;
  /** The SMS before it; absent when there is none. */
  readonly before?: Document;
  readonly run: (sms: Collection) => Promise<unknown>;
  readonly read:
    | 'nothing'
    | 'ignored'
    | Readonly<{
        operation: 'update' | 'insert' | 'replace';
        setFields?: PlainDocument;
        document?: PlainDocument;
      }>;
}

const at = new Date('2023-10-19T06:29:12.408Z');
const sent = { deliveryStatus: 'SENT', to: '1', cost: { amount: 1 }, parts: [{ n: 1 }, { n: 2 }] };
const delivered = { deliveryStatus: 'DELIVERED' };
const a = { _id: 'a' as never };

const updates: readonly Shape[] = [
  {
    write: '$set of a status',
    before: sent,
    run: (sms) => sms.updateOne(a, { $set: delivered }),
    read: { operation: 'update', setFields: delivered },
  },
  {
    write: '$set of the first status',
    before: { to: '1' },
    run: (sms) => sms.updateOne(a, { $set: delivered }),
    read: { operation: 'update', setFields: delivered },
  },
  {
    write: '$set of a status and its time',
    before: sent,
    run: (sms) => sms.updateOne(a, { $set: { ...delivered, deliveryTime: at } }),
    read: { operation: 'update', setFields: { ...delivered, deliveryTime: at } },
  },
  {
    write: '$set of a status and fields inside others',
    before: sent,
    run: (sms) => sms.updateOne(a, { $set: { ...delivered, 'cost.amount': 2, 'cost.unit': 'x' } }),
    read: {
      operation: 'update',
      setFields: { ...delivered, 'cost.amount': 2, 'cost.unit': 'x' },
    },
  },
  {
    write: '$set of a status and of array elements by a filter',
    before: sent,
    run: (sms) =>
      sms.updateOne(
        a,
        { $set: { ...delivered, 'parts.$[part].n': 9 } },
        { arrayFilters: [{ 'part.n': 2 }] },
      ),
    read: { operation: 'update', setFields: { ...delivered, 'parts.1.n': 9 } },
  },
  {
    write: '$push beside a status',
    before: sent,
    run: (sms) => sms.updateOne(a, { $set: delivered, $push: { parts: { n: 3 } as never } }),
    read: { operation: 'update', setFields: { ...delivered, 'parts.2': { n: 3 } } },
  },
  {
    write: 'findOneAndUpdate',
    before: sent,
    run: (sms) => sms.findOneAndUpdate(a, { $set: delivered }),
    read: { operation: 'update', setFields: delivered },
  },
  {
    write: 'updateMany',
    before: sent,
    run: (sms) => sms.updateMany({}, { $set: delivered }),
    read: { operation: 'update', setFields: delivered },
  },
  {
    write: 'an upsert that finds the SMS',
    before: sent,
    run: (sms) =>
      sms.updateOne(a, { $set: delivered, $setOnInsert: { created: true } }, { upsert: true }),
    read: { operation: 'update', setFields: delivered },
  },
  {
    write: 'a pipeline that sets another status',
    before: sent,
    run: (sms) => sms.updateOne(a, [{ $set: { deliveryStatus: 'DELIVERED', to: '1' } }]),
    read: { operation: 'update', setFields: delivered },
  },
  {
    write: 'a pipeline that cuts an array short beside a status',
    before: sent,
    run: (sms) => sms.updateOne(a, [{ $set: { ...delivered, parts: { $slice: ['$parts', 1] } } }]),
    read: { operation: 'update', setFields: delivered },
  },
  {
    write: '$merge from another collection',
    before: sent,
    run: (sms) =>
      sms.db
        .aggregate([
          { $documents: [{ ...a, ...delivered }] },
          { $merge: { into: sms.collectionName, whenMatched: 'merge' } },
        ])
        .toArray(),
    read: { operation: 'update', setFields: delivered },
  },
  {
    write: '$rename of a field to the status',
    before: { state: 'DELIVERED' },
    run: (sms) => sms.updateOne(a, { $rename: { state: 'deliveryStatus' } }),
    read: { operation: 'update', setFields: delivered },
  },
  {
    write: '$set of a status that is no text',
    before: sent,
    run: (sms) => sms.updateOne(a, { $set: { deliveryStatus: { code: 3 } } }),
    read: { operation: 'update', setFields: { deliveryStatus: { code: 3 } } },
  },
  {
    write: '$set of the status to null',
    before: sent,
    run: (sms) => sms.updateOne(a, { $set: { deliveryStatus: null } }),
    read: 'ignored',
  },
];

const silentUpdates: readonly Shape[] = [
  {
    write: '$set of the same status',
    before: sent,
    run: (sms) => sms.updateOne(a, { $set: { deliveryStatus: 'SENT' } }),
    read: 'nothing',
  },
  {
    write: '$set of the same status and another field',
    before: sent,
    run: (sms) => sms.updateOne(a, { $set: { deliveryStatus: 'SENT', deliveryTime: at } }),
    read: 'nothing',
  },
  {
    write: 'a pipeline that sets the same status and another field',
    before: sent,
    run: (sms) => sms.updateOne(a, [{ $set: { deliveryStatus: 'SENT', deliveryTime: at } }]),
    read: 'nothing',
  },
  {
    write: '$unset of the status',
    before: sent,
    run: (sms) => sms.updateOne(a, { $unset: { deliveryStatus: '' } }),
    read: 'nothing',
  },
  {
    write: '$rename of the status',
    before: sent,
    run: (sms) => sms.updateOne(a, { $rename: { deliveryStatus: 'state' } }),
    read: 'nothing',
  },
  {
    write: 'a pipeline that cuts an array short',
    before: sent,
    run: (sms) => sms.updateOne(a, [{ $set: { parts: { $slice: ['$parts', 1] } } }]),
    read: 'nothing',
  },
  {
    write: '$set of a deliveryStatus inside another field',
    before: sent,
    run: (sms) => sms.updateOne(a, { $set: { 'cost.deliveryStatus': 'DELIVERED' } }),
    read: 'nothing',
  },
  {
    write: '$set of a field inside the status',
    before: { deliveryStatus: { code: 3 } },
    run: (sms) => sms.updateOne(a, { $set: { 'deliveryStatus.code': 4 } }),
    read: 'nothing',
  },
  {
    write: "the worker's own record",
    before: sent,
    run: (sms) => sms.updateOne(a, recordUpdate(aRecord({ deliveryStatus: 'SENT' }))),
    read: 'nothing',
  },
  {
    write: 'a delete',
    before: sent,
    run: (sms) => sms.deleteOne(a),
    read: 'nothing',
  },
];

const wholeDocuments: readonly Shape[] = [
  {
    write: 'an insert with a status',
    run: (sms) => sms.insertOne({ ...a, ...sent }),
    read: { operation: 'insert', document: { ...a, ...sent } },
  },
  {
    write: 'an upsert that creates the SMS',
    run: (sms) => sms.updateOne(a, { $set: delivered }, { upsert: true }),
    read: { operation: 'insert', document: { ...a, ...delivered } },
  },
  {
    write: 'a replace that creates the SMS',
    run: (sms) => sms.replaceOne(a, delivered, { upsert: true }),
    read: { operation: 'insert', document: { ...a, ...delivered } },
  },
  {
    write: 'replaceOne',
    before: sent,
    run: (sms) => sms.replaceOne(a, delivered),
    read: { operation: 'replace', document: { ...a, ...delivered } },
  },
  {
    write: 'replaceOne with the same status and another field',
    before: sent,
    run: (sms) => sms.replaceOne(a, { ...sent, to: '2' }),
    read: { operation: 'replace', document: { ...a, ...sent, to: '2' } },
  },
  {
    write: 'findOneAndReplace',
    before: sent,
    run: (sms) => sms.findOneAndReplace(a, delivered),
    read: { operation: 'replace', document: { ...a, ...delivered } },
  },
  {
    write: 'an insert without a status',
    run: (sms) => sms.insertOne({ ...a, to: '1' }),
    read: 'nothing',
  },
  {
    write: 'an insert whose status is null',
    run: (sms) => sms.insertOne({ ...a, deliveryStatus: null }),
    read: 'ignored',
  },
  {
    write: 'replaceOne without a status',
    before: sent,
    run: (sms) => sms.replaceOne(a, { to: '1' }),
    read: 'nothing',
  },
  {
    write: 'replaceOne with the identical document',
    before: sent,
    run: (sms) => sms.replaceOne(a, { ...a, ...sent }),
    read: 'nothing',
  },
  {
    write: 'replaceOne with the identical document but its id',
    before: sent,
    run: (sms) => sms.replaceOne(a, sent),
    read: { operation: 'replace', document: { ...a, ...sent } },
  },
];

describe('one write to an SMS', () => {
  it.each([...updates, ...silentUpdates, ...wholeDocuments])('$write', async (shape) => {
    const sms = newCollection();
    if (shape.before !== undefined) await sms.insertOne({ ...a, ...shape.before });
    await using stream = await openAtEnd(sms);
    await shape.run(sms);
    const reads = await readsSoFar(stream.handle, sms);
    expect(reads.map(shapeOf)).toStrictEqual(expected(shape.read));
  });
});

/** Everything a change says; what an update says of a document, and the other way round, must be empty. */
function shapeOf(read: StreamRead): unknown {
  if (read.kind !== 'change') return read.kind;
  const { operation, setFields, document, deliveryStatus, id } = read.change;
  return { operation, setFields, document, deliveryStatus, id };
}

function expected(read: Shape['read']): readonly unknown[] {
  if (read === 'nothing') return [];
  if (read === 'ignored') return [read];
  const { operation, setFields = {}, document = null } = read;
  const { deliveryStatus } = document ?? setFields;
  return [{ operation, setFields, document, deliveryStatus, id: 'a' }];
}
