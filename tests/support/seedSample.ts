import type { PlainDocument } from '../../src/domain/plainValue.ts';

/**
 * The requirement's sample as its platform stores it. BSON knows no offsets, hence UTC inside the Dates.
 */
export const sampleDocument = {
  _id: '290a4138-5729-475f-95e1-9ff30f851d67',
  _class: 'com.example.central.document.SMSDetailDocument',
  attemptDetail: 'bd706f90-aa14-47ea-9844-3d1e1123f4ee##1',
  phononUuid: 'bd706f90-aa14-47ea-9844-3d1e1123f4ee',
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
  text: 'फोनन में आपका स्वागत है $flow.key.sms. Phonon',
  to: '919999999999',
  from: 'PHONON',
  sendTime: new Date('2023-10-19T11:55:20.408+05:30'),
  deliveryStatus: 'DELIVERED',
  deliveryTime: new Date('2023-10-19T11:59:12.408+05:30'),
} satisfies PlainDocument;

/** The requirement's sample body in Asia/Kolkata, its two slips with commas fixed. */
export const sampleBody = {
  'phonon-uuid': 'bd706f90-aa14-47ea-9844-3d1e1123f4ee',
  smsDetails: [
    {
      id: '290a4138-5729-475f-95e1-9ff30f851d67',
      attemptDetail: 'bd706f90-aa14-47ea-9844-3d1e1123f4ee##1',
      phononUuid: 'bd706f90-aa14-47ea-9844-3d1e1123f4ee',
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
      text: 'फोनन में आपका स्वागत है $flow.key.sms. Phonon',
      to: '919999999999',
      from: 'PHONON',
      sendTime: '2023-10-19T11:55:20.408+05:30',
      deliveryStatus: 'DELIVERED',
      deliveryTime: '2023-10-19T11:59:12.408+05:30',
    },
  ],
};
