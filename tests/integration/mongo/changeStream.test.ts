import { describe, it } from '@jest/globals';
import { ObjectId, type Collection } from 'mongodb';
import { recordUpdate } from '../../../src/mongo/recordUpdate.ts';
import { aRecord } from '../../support/builders.ts';
import { useServers } from '../../support/servers.ts';
import { a, delivered, expectShape, sent, type Shape } from '../../support/streamShapes.ts';

const servers = useServers(import.meta.url);
let collections = 0;

function newCollection(): Collection {
  collections += 1;
  return servers().db.collection(`sms_${collections}`);
}

const hex = '507f1f77bcf86cd799439011';
const at = new Date('2023-10-19T06:29:12.408Z');

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
    write: '$set of a status that is an ObjectId',
    before: sent,
    run: (sms) => sms.updateOne(a, { $set: { deliveryStatus: new ObjectId(hex) } }),
    read: { operation: 'update', setFields: { deliveryStatus: { $oid: hex } } },
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

describe('one write to an SMS', () => {
  it.each([...updates, ...silentUpdates])('$write', async (shape) => {
    await expectShape(newCollection(), shape);
  });
});
