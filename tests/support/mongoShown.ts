import { expect } from '@jest/globals';
import type { Collection, Document } from 'mongodb';
import type { DeliveryRecord } from '../../src/domain/record.ts';
import { recordUpdate } from '../../src/mongo/recordUpdate.ts';
import { earlierFieldsOf, fieldsOf } from './mongoRecords.ts';

/**
 * The record a document shows once these were written into it, one after the other. Checks that it has
 * exactly the fields such a record has, and that nothing else of the document was touched.
 */
export async function shownAfter(
  sms: Collection,
  records: readonly DeliveryRecord[],
  before: Document = { deliveryStatus: records.at(-1)?.deliveryStatus },
  { hasCollation = false } = {},
): Promise<Document> {
  const { insertedId: _id } = await sms.insertOne({ ...before });
  for (const record of records) {
    await sms.updateOne({ _id }, recordUpdate(record, { hasCollation }));
  }
  const { notify_on_delivery: shown, ...rest }: Document = (await sms.findOne({ _id })) ?? {};
  const { notify_on_delivery: _shownBefore, ...untouched } = before;
  expect(rest).toStrictEqual({ _id, ...untouched });
  expectFields(shown);
  return shown;
}

function expectFields(shown: Document): void {
  const { must, may } = fieldsOf(shown);
  const optional = Object.keys(shown).filter((field) => may.includes(field));
  expect(Object.keys(shown).sort()).toEqual([...must, ...optional].sort());
  if (shown['earlier'] !== undefined) expectEarlier(shown['earlier'], shown);
}

function expectEarlier(earlier: readonly Document[], shown: Document): void {
  expect(earlier.length).toBeGreaterThan(0);
  expect(earlier.length).toBeLessThanOrEqual(10);
  for (const item of earlier) {
    expect(Object.keys(item).sort()).toEqual([...earlierFieldsOf(item)].sort());
  }
  const ids = [shown, ...earlier].map((item) => item['notificationId'] as unknown);
  expect(new Set(ids).size).toBe(ids.length);
}
