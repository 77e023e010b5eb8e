import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { settled } from '../support/settled.ts';

const e2e = useEndToEnd(import.meta.url);

const DEVANAGARI = 'फ';

beforeAll(async () => {
  await e2e().central.optIn(28, 200, { url: e2e().receiver.url('/ids') });
  await e2e().worker();
});

// A whole-document save has the SMS' history looked up, by a regular expression over the ledger's ids: the server
// refuses one of more than about 32,700 characters (51091), and the look-up of everybody was tried again for ever.
describe('an SMS whose _id is too long for a record', () => {
  it.each([
    ['40,000 characters, with a status', 'x'.repeat(40_000), { deliveryStatus: 'DELIVERED' }],
    ['40,000 characters, without a status', 'y'.repeat(40_000), {}],
    ['3,700 Devanagari letters, without a status', DEVANAGARI.repeat(3_700), {}],
    ['3,700 Devanagari letters, with a status', DEVANAGARI.repeat(3_699), { deliveryStatus: 'A' }],
    ['a megabyte, without a status', 'z'.repeat(1_000_000), {}],
  ])('holds up nobody when it is saved: %s', async (_what, id, status) => {
    const { sms, record } = e2e();
    const odd = newSms({ _id: id, accountID: 999, ...status });
    await sms.insertOne(odd);
    await sms.replaceOne({ _id: id }, odd);
    const other = newSms({ deliveryStatus: 'DELIVERED' });
    await sms.insertOne(other);
    expect(await record(other._id, ({ state }) => state !== 'retrying')).toMatchObject({
      state: 'delivered',
    });
    await settled(e2e());
    expect(await sms.findOne({ _id: id })).not.toHaveProperty('notify_on_delivery');
  });
});
