import { anUpdate, values } from '../connectorEvents.ts';

interface Spoilt {
  readonly key: string | null;
  readonly value: Buffer;
}

const key = '{"_id": "sms-1"}';

/** A message as the connector writes it by default, about `sms-1`. */
export function connectorMessage(db: string, coll = 'SMSDetailDocument'): Spoilt {
  const event = { ...anUpdate({ deliveryStatus: 'SENT' }), ns: { db, coll } };
  return { key, value: Buffer.from(values['BSON']?.(event) ?? []) };
}

/** Messages of topics that a connector fills which is not set up as it should be, by the names of the topics. */
export function spoiltMessages(db: string): Readonly<Record<string, Spoilt>> {
  const { value } = connectorMessage(db);
  const document = { _id: 'sms-1', deliveryStatus: 'SENT' };
  return {
    keyless: { key: null, value },
    'keyed-by-account': { key: '{"account": 7}', value },
    mails: connectorMessage(db, 'MailDetailDocument'),
    avro: { key, value: Buffer.from([0, 0, 0, 0, 7, 2, 4, 6, 8]) },
    'documents-only': { key, value: Buffer.from(JSON.stringify(document)) },
  };
}
