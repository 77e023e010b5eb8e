import { describe, it } from '@jest/globals';
import { ObjectId, type Collection } from 'mongodb';
import { useServers } from '../../support/servers.ts';
import { a, delivered, expectShape, sent, type Shape } from '../../support/streamShapes.ts';

const servers = useServers(import.meta.url);
let collections = 0;

function newCollection(): Collection {
  collections += 1;
  return servers().db.collection(`sms_${collections}`);
}

const hex = '507f1f77bcf86cd799439011';

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
    read: { operation: 'insert', deliveryStatus: undefined },
  },
  {
    write: 'replaceOne without a status',
    before: sent,
    run: (sms) => sms.replaceOne(a, { to: '1' }),
    read: { operation: 'replace', deliveryStatus: undefined },
  },
  {
    write: 'replaceOne whose status is null',
    before: sent,
    run: (sms) => sms.replaceOne(a, { to: '1', deliveryStatus: null }),
    read: { operation: 'replace', deliveryStatus: undefined },
  },
  {
    write: 'replaceOne whose status is NaN',
    before: sent,
    run: (sms) => sms.replaceOne(a, { deliveryStatus: Number.NaN }),
    read: { operation: 'replace', document: { ...a, deliveryStatus: null } },
  },
  {
    write: 'replaceOne whose status is an ObjectId',
    before: sent,
    run: (sms) => sms.replaceOne(a, { deliveryStatus: new ObjectId(hex), to: new ObjectId(hex) }),
    read: { operation: 'replace', document: { ...a, deliveryStatus: { $oid: hex }, to: hex } },
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

describe('one whole-document write of an SMS', () => {
  it.each(wholeDocuments)('$write', async (shape) => {
    await expectShape(newCollection(), shape);
  });
});
