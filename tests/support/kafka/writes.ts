import { Binary, Long, ObjectId, UUID, type Collection, type Document } from 'mongodb';

/** One write whose message is wanted, or which must bring none. */
export interface Write {
  /** What its fixture is called. */
  readonly name: string;
  readonly operation: 'insert' | 'update' | 'replace';
  readonly id: unknown;
  /** What of the document it shows to the worker; null when it brings no message. */
  readonly shown: Document | null;
  perform(collection: Collection): Promise<unknown>;
}

const deliveryTime = new Date('2023-10-19T06:25:20.408Z');

/** Of every type that an SMS' `_id` has, and some that are hard to write as JSON. */
export const ids: Readonly<Record<string, unknown>> = {
  objectId: new ObjectId('652fb95f8a4d2b1c9e7f0a11'),
  string: 'SMS-2023-10-19/0001',
  oddString: 'naïve "Ω" \\ / \u{1F4E8}\n\t\u007F\u2028',
  int: 42,
  long: Long.fromString('9007199254740993'),
  double: 1.5,
  uuid: new UUID('3b241101-e2bb-4255-8caf-4136c566a962'),
  legacyUuid: new Binary(Buffer.from('3b241101e2bb42558caf4136c566a962', 'hex'), 3),
  document: { account: 7, number: 'a' },
};

/** All that is done to one SMS, in its order. */
export function writesTo(idName: string): readonly Write[] {
  const id = ids[idName];
  const text = { phone: '+911234567890', smsText: 'Hello', accountID: Long.fromNumber(7) };
  const sent = { deliveryStatus: 'SENT', deliveryTime };
  const later = new Date(deliveryTime.getTime() + 1_234);
  const delivered = { deliveryStatus: 'DELIVERED', deliveryTime: later, attempts: 2, cost: 0.25 };
  return [
    {
      name: `insert-${idName}`,
      operation: 'insert',
      id,
      shown: sent,
      perform: async (sms) => await sms.insertOne({ _id: id, ...text, ...sent } as Document),
    },
    {
      name: `update-${idName}`,
      operation: 'update',
      id,
      shown: delivered,
      perform: async (sms) => await update(sms, id, { $set: delivered }),
    },
    {
      name: `other-update-${idName}`,
      operation: 'update',
      id,
      shown: null,
      perform: async (sms) => await update(sms, id, { $set: { smsText: 'Bye' } }),
    },
    {
      name: `replace-${idName}`,
      operation: 'replace',
      id,
      shown: { deliveryStatus: 'FAILED' },
      perform: async (sms) => await replace(sms, id, { ...text, deliveryStatus: 'FAILED' }),
    },
  ];
}

/** What hides or lacks a status, or has one that is no text. */
export const oddWrites: readonly Write[] = [
  {
    name: 'update-null-status',
    operation: 'update',
    id: 42,
    shown: { deliveryStatus: null },
    perform: async (sms) => await update(sms, 42, { $set: { deliveryStatus: null } }),
  },
  {
    name: 'update-number-status',
    operation: 'update',
    id: 42,
    shown: { deliveryStatus: 5 },
    perform: async (sms) => await update(sms, 42, { $set: { deliveryStatus: 5 } }),
  },
  {
    name: 'replace-without-status',
    operation: 'replace',
    id: 42,
    shown: {},
    perform: async (sms) => await replace(sms, 42, { phone: '+911234567890' }),
  },
  {
    name: 'insert-without-status',
    operation: 'insert',
    id: 43,
    shown: null,
    perform: async (sms) => await sms.insertOne({ _id: 43, phone: '+911234567890' } as Document),
  },
  {
    name: 'update-large-fields',
    operation: 'update',
    id: 43,
    shown: { deliveryStatus: 'SENT', deliveryTime },
    perform: async (sms) => {
      const set = { deliveryStatus: 'SENT', deliveryTime, carrier: { code: 1 } };
      const large = { smsText: 'x'.repeat(2_000_000) };
      return await update(sms, 43, { $set: { ...set, ...large } });
    },
  },
  {
    name: 'update-nested-fields',
    operation: 'update',
    id: 43,
    shown: { 'carrier.code': 3, deliveryStatus: 'DELIVERED' },
    perform: async (sms) =>
      await update(sms, 43, { $set: { 'carrier.code': 3, deliveryStatus: 'DELIVERED' } }),
  },
];

async function update(sms: Collection, id: unknown, change: Document): Promise<void> {
  const { modifiedCount } = await sms.updateOne({ _id: id } as Document, change);
  if (modifiedCount !== 1) throw new Error('nothing was updated');
}

async function replace(sms: Collection, id: unknown, document: Document): Promise<void> {
  const { modifiedCount } = await sms.replaceOne({ _id: id } as Document, document);
  if (modifiedCount !== 1) throw new Error('nothing was replaced');
}
