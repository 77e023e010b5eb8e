import { beforeAll, describe, expect, it } from '@jest/globals';
import { BSONRegExp, Decimal128, Long, ObjectId, UUID } from 'mongodb';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { settled } from '../support/settled.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const fraction = new Decimal128('28.000000000000000000001');

beforeAll(async () => {
  await e2e().worker();
});

describe('documents of every kind', () => {
  beforeAll(async () => {
    const { central, receiver } = e2e();
    await central.optIn(29, 290, { url: receiver.url('/ids') });
  });

  it('are notified with an expression that JavaScript has no equal for', async () => {
    const pattern = new BSONRegExp('(?i)a');
    const { _id: id } = newSms();
    const document = newSms({ _id: id, accountID: 29, flowId: 290, pattern });
    await e2e().sms.insertOne({ ...document, deliveryStatus: 'DELIVERED' });
    await e2e().record(id);
    const request = e2e()
      .receiver.requests('/ids')
      .find(({ headers }) => headers['webhook-id'] === `${id}:DELIVERED`);
    expect(request?.json()).toMatchObject({
      smsDetails: [{ pattern: { $regularExpression: { pattern: '(?i)a', options: '' } } }],
    });
  });

  it.each([
    ['an ObjectId', new ObjectId('65310a0c1f4e2b0012345678'), '65310a0c1f4e2b0012345678'],
    [
      'a UUID',
      new UUID('11111111-2222-4333-8444-555555555555'),
      '11111111-2222-4333-8444-555555555555',
    ],
    ['an int', 7, '7'],
    ['a long', Long.fromString('9007199254740993'), '9007199254740993'],
    ['text that needs encoding', 'a.b c/ü:1', 'a%2Eb%20c%2F%C3%BC%3A1'],
  ])('can be named by %s', async (_kind, id, encoded) => {
    const { receiver, sms } = e2e();
    const { _id, ...fields } = newSms({ accountID: 29, flowId: 290 });
    await sms.insertOne({ ...fields, _id: id as never });
    await sms.updateOne({ _id: id as never }, { $set: { deliveryStatus: 'DELIVERED' } });
    await until(
      'it is recorded',
      async () => await sms.findOne({ _id: id as never, 'notify_on_delivery.state': 'delivered' }),
    );
    const ids = receiver.requests('/ids').map((request) => request.headers['webhook-id']);
    expect(ids).toContain(`${encoded}:DELIVERED`);
  });

  it.each([
    ['a status that is no text', { deliveryStatus: 5 }],
    ['a status that is an ObjectId', { deliveryStatus: new ObjectId() }],
    ['a status that is a long', { deliveryStatus: Long.fromString('9007199254740993') }],
    ['an empty status', { deliveryStatus: '' }],
    ['an id that is no name', { _id: { a: 1 } as never, deliveryStatus: 'DELIVERED' }],
    ['an id that is a long fraction', { _id: fraction as never, deliveryStatus: 'DELIVERED' }],
    ['an id that is too long', { _id: 'x'.repeat(1_100), deliveryStatus: 'DELIVERED' }],
  ])('do not stop the stream: %s', async (_kind, fields) => {
    const { sms } = e2e();
    const document = { ...newSms(), ...fields };
    await sms.insertOne(document);
    await settled(e2e());
    expect(await sms.findOne({ _id: document._id })).not.toHaveProperty('notify_on_delivery');
  });

  const objectId = new ObjectId('000000000000000000000029');

  it.each<[string, object]>([
    ['an account by an ObjectId', { accountID: objectId }],
    ['an account by a UUID', { accountID: new UUID('11111111-2222-4333-8444-555555555555') }],
    ['a flow by an ObjectId', { flowId: objectId }],
    ['a phononUuid that is an ObjectId', { phononUuid: objectId }],
    ['a phononUuid that is a long', { phononUuid: Long.fromString('9007199254740993') }],
  ])('are not notified when they name %s', async (_kind, fields) => {
    const document = newSms({ accountID: 29, flowId: 290, ...fields });
    await e2e().sms.insertOne(document);
    await setStatus(e2e().sms, document._id, 'DELIVERED');
    expect(await e2e().record(document._id)).toMatchObject({
      state: 'skipped',
      reason: 'unusable_document',
    });
  });
});
