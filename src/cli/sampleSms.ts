import { randomUUID } from 'node:crypto';
import type { IntegerId } from '../domain/integerId.ts';
import type { PlainDocument } from '../domain/plainValue.ts';

/** An SMS as the platform stores one, but made up: no customer's number and text. */
export function sampleSms(
  accountId: IntegerId,
  deliveryStatus: string,
  at: Date,
): PlainDocument & { readonly _id: string } {
  const phononUuid = randomUUID();
  return {
    _id: `test-${randomUUID()}`,
    attemptDetail: `${phononUuid}##1`,
    phononUuid,
    flowId: 200,
    accountID: accountId,
    length: 46,
    cost: {
      currency: { currencyID: 1, currencyName: 'INR' },
      amount: 0.75,
      serviceCategory: '53',
      serviceChargeType: 'Unit',
      smsUnit: 1,
    },
    nonEnglishChars: true,
    smsType: 'NORMAL',
    text: 'फोनन में आपका स्वागत है। This SMS is a test.',
    to: '919999999999',
    from: 'PHONON',
    sendTime: new Date(at.getTime() - 5_000),
    deliveryStatus,
    deliveryTime: at,
  };
}
