import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { undecodable } from '../support/oddBson.ts';
import { settled } from '../support/settled.ts';

const e2e = useEndToEnd(import.meta.url);

beforeAll(async () => {
  await e2e().central.optIn(28, 200, { url: e2e().receiver.url('/odd') });
  await e2e().worker({ LOG_LEVEL: 'debug' });
});

const hasEnded = (record: Record<string, unknown>): boolean => record['state'] !== 'retrying';

/** What the webhook was reported the SMS. */
function notifiedOf(id: string): Record<string, unknown> | undefined {
  return e2e()
    .receiver.requests('/odd')
    .map((request) => (request.json() as { smsDetails: Record<string, unknown>[] }).smsDetails[0])
    .find((detail) => detail?.['id'] === id);
}

const regex = { $regularExpression: { pattern: 'x', options: 't' } };
const binary = { $binary: { base64: 'AQIDBAU=', subType: '02' } };

// The driver refuses to decode them, and with them the whole batch: the look-up was tried again for ever, or
// the stream opened at the same place again and again.
describe('a stored value that the driver refuses to read', () => {
  const values = [
    ['a regular expression with an unknown option', undecodable.regex(), regex],
    ['binary of subtype 2 without its inner length', undecodable.binary(), binary],
  ] as const;
  describe.each(values)('%s', (_what, value, notified) => {
    it.each([
      [
        'in a document that is inserted with its status',
        async (id: string) => {
          await e2e().sms.insertOne(newSms({ _id: id, odd: value, deliveryStatus: 'DELIVERED' }));
        },
      ],
      [
        'in a document that is saved as a whole',
        async (id: string) => {
          await e2e().sms.insertOne(newSms({ _id: id }));
          const whole = newSms({ _id: id, odd: value, deliveryStatus: 'DELIVERED' });
          await e2e().sms.replaceOne({ _id: id }, whole);
        },
      ],
      [
        'among the fields that are set with the status',
        async (id: string) => {
          await e2e().sms.insertOne(newSms({ _id: id }));
          const fields = { deliveryStatus: 'DELIVERED', odd: value };
          await e2e().sms.updateOne({ _id: id }, { $set: fields });
        },
      ],
      [
        'in a document whose status is set',
        async (id: string) => {
          await e2e().sms.insertOne(newSms({ _id: id, odd: value }));
          await e2e().sms.updateOne({ _id: id }, { $set: { deliveryStatus: 'DELIVERED' } });
        },
      ],
      [
        'deep in lists and subdocuments',
        async (id: string) => {
          const odd = { list: [1, { a: [value, 'b', 3n] }], after: new Date(0) };
          await e2e().sms.insertOne(newSms({ _id: id, odd: value, odder: odd }));
          await e2e().sms.updateOne({ _id: id }, { $set: { deliveryStatus: 'DELIVERED' } });
        },
      ],
    ])('is notified like any other, %s', async (way, write) => {
      const id = `${way} ${JSON.stringify(notified)}`;
      await write(id);
      const other = newSms({ deliveryStatus: 'DELIVERED' });
      await e2e().sms.insertOne(other);
      expect(await e2e().record(other._id, hasEnded)).toMatchObject({ state: 'delivered' });
      await settled(e2e());
      expect(notifiedOf(id)).toMatchObject({ odd: notified, text: newSms()['text'] });
      const shown = await e2e().sms.findOne(
        { _id: id },
        { projection: { notify_on_delivery: 1, _id: 0 } },
      );
      expect(shown).toMatchObject({ notify_on_delivery: { state: 'delivered' } });
    });

    it.each(['accountID', 'flowId', 'phononUuid'])(
      'makes the document unusable as its %s',
      async (name) => {
        const { sms, record } = e2e();
        const id = `${name} ${JSON.stringify(notified)}`;
        await sms.insertOne(newSms({ _id: id, [name]: value, deliveryStatus: 'DELIVERED' }));
        expect(await record(id)).toMatchObject({ state: 'skipped', reason: 'unusable_document' });
      },
    );

    it('is counted as the status, and nobody is notified', async () => {
      const { sms } = e2e();
      const id = `status ${JSON.stringify(notified)}`;
      await sms.insertOne(newSms({ _id: id, deliveryStatus: value }));
      await sms.updateOne({ _id: id }, { $set: { deliveryStatus: value, again: 1 } });
      await settled(e2e());
      expect(await sms.countDocuments({ _id: id, notify_on_delivery: { $exists: true } })).toBe(0);
    });

    it('is counted within an _id, and nobody is notified', async () => {
      const { sms } = e2e();
      const before = e2e().receiver.requests('/odd').length;
      const _id = { odd: value } as never;
      await sms.insertOne({ ...newSms(), _id, deliveryStatus: 'DELIVERED' });
      await sms.updateOne({ _id }, { $set: { deliveryStatus: 'READ' } });
      await settled(e2e());
      expect(e2e().receiver.requests('/odd')).toHaveLength(before);
    });
  });
});
