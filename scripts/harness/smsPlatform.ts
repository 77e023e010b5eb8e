import { randomUUID } from 'node:crypto';
import type { Collection } from 'mongodb';

/** An SMS document as the platform stores it, as far as the worker looks at it. */
export interface SmsDocument {
  readonly _id: string;
  readonly [field: string]: unknown;
}

/** A new SMS without a delivery status, with the fields and sizes of real ones. */
export function newSms(fields: Readonly<Record<string, unknown>> = {}): SmsDocument {
  const phononUuid = randomUUID();
  return {
    _id: randomUUID(),
    _class: 'com.example.central.document.SMSDetailDocument',
    attemptDetail: `${phononUuid}##1`,
    phononUuid,
    flowId: 200,
    accountID: 28,
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
    text: 'फोनन में आपका स्वागत है. Phonon',
    to: '919999999999',
    from: 'PHONON',
    sendTime: new Date(),
    ...fields,
  };
}

/** What the platform does when the carrier reports: an update of two fields. */
export async function setStatus(
  sms: Collection<SmsDocument>,
  id: string,
  deliveryStatus: string,
  deliveryTime = new Date(),
): Promise<void> {
  await sms.updateOne({ _id: id }, { $set: { deliveryStatus, deliveryTime } });
}
