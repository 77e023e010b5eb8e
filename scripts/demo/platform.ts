import type { Collection } from 'mongodb';
import type { SmsDocument } from '../harness/smsPlatform.ts';
import { abridgedText, hang, shellText } from './layout.ts';
import type { Narrator } from './narrator.ts';

/** What the SMS platform does to its documents, shown while it is done. */
export interface Platform {
  /** `fields` are those to show. */
  insert(sms: SmsDocument, fields: readonly string[]): Promise<void>;
  /** The time is now when none is given. */
  setStatus(id: string, deliveryStatus: string, deliveryTime?: Date): Promise<void>;
  /** Spring Data's `save()`: the whole document as the service has it in memory. */
  save(sms: SmsDocument, fields: readonly string[]): Promise<void>;
}

const COLLECTION = 'db.SMSDetailDocument';

export function createPlatform(sms: Collection<SmsDocument>, narrator: Narrator): Platform {
  const show = (call: string, ...args: readonly string[]): void => {
    const isBlock = args.length === 1 && args[0]?.includes('\n') === true;
    const lines = args.map((text) => (isBlock ? text : `\n${hang('  ', text)}`));
    narrator.statement('mongo', `${COLLECTION}.${call}${lines.join(',')})`);
  };
  return {
    async insert(document, fields) {
      show('insertOne(', abridgedText(document, fields, 80));
      await sms.insertOne(document);
    },
    async setStatus(id, deliveryStatus, deliveryTime) {
      const time = deliveryTime === undefined ? 'new Date()' : shellText(deliveryTime, 66);
      const space = deliveryTime === undefined ? ' ' : '\n          ';
      const fields = `deliveryStatus: '${deliveryStatus}',${space}deliveryTime: ${time}`;
      show('updateOne(', `{ _id: '${id}' }`, `{ $set: { ${fields} } }`);
      const $set = { deliveryStatus, deliveryTime: deliveryTime ?? new Date() };
      await sms.updateOne({ _id: id }, { $set });
    },
    async save(document, fields) {
      const { _id, ...replacement } = document;
      show('replaceOne(', `{ _id: '${_id}' }`, abridgedText(document, fields, 80));
      await sms.replaceOne({ _id }, replacement);
    },
  };
}
