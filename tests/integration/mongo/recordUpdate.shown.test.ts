import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Collection, Document, MongoClient } from 'mongodb';
import type { ShownRecord } from '../../../src/domain/notification.ts';
import type { DeliveryRecord } from '../../../src/domain/record.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { createRecordWriter } from '../../../src/mongo/recordWriter.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { delivered, failed, retrying, skipped, summary } from '../../support/mongoRecords.ts';
import { useServers } from '../../support/servers.ts';
import { anEnding } from '../../support/someEndings.ts';

const servers = useServers(import.meta.url);
let client: MongoClient;
let sms: Collection;

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'records under test');
  sms = client.db(servers().database).collection('SMSDetailDocument');
});
afterAll(async () => {
  await client.close();
});

const AT = 5;
const otherWay = (record: DeliveryRecord): Document => ({ ...record, notificationId: 7 });

const own: readonly DeliveryRecord[] = [
  ...[1, 2, 3].map((attempts) => delivered('DELIVERED', { at: AT, attempts })),
  ...[1, 2, 3].map((attempts) => retrying('DELIVERED', { at: AT, attempts })),
  failed('DELIVERED', { at: AT, attempts: 0 }),
  failed('DELIVERED', { at: AT, attempts: 2, response: null }),
  skipped('DELIVERED', { at: AT }),
];
const before: readonly (Document | null)[] = [
  null,
  ...own,
  ...own.map((record) => ({ ...record, earlier: [summary(delivered('SENT', { at: 1 }))] })),
  delivered('SENT', { at: 1 }),
  delivered('READ', { at: 9 }),
  { ...delivered('DELIVERED', { at: AT }), state: 'of somebody else' },
  { ...delivered('DELIVERED', { at: AT }), statusAt: 'yesterday' },
  otherWay(delivered('DELIVERED', { at: AT })),
  [delivered('DELIVERED', { at: AT })],
  { state: 'delivered' },
  ['text'],
];

describe('a record', () => {
  it.each(
    own.flatMap((record) =>
      [undefined, 'a run'].map((run) => [record.state, run, record] as const),
    ),
  )(
    'of state %s, run %s, is shown as the server decides, whatever is known',
    async (_, run, record) => {
      const logger = createMemoryLogger();
      const failures: string[] = [];
      const recordFailed = (code: string): void => void failures.push(code);
      const writer = createRecordWriter({ sms, logger, metrics: { recordFailed } });
      const written = async (shown: Document | null, shows: ShownRecord | null) => {
        const _id = 'sms-1' as never;
        const fields = shown === null ? {} : { notify_on_delivery: shown };
        await sms.replaceOne({ _id }, { deliveryStatus: 'DELIVERED', ...fields }, { upsert: true });
        const ending = anEnding(_id, { record, shows, ...(run === undefined ? {} : { run }) });
        await writer.write([ending]);
        return await sms.findOne({ _id });
      };
      for (const shown of before) {
        const asDecided = await written(shown, null);
        expect(await written(shown, 'none')).toEqual(asDecided);
        expect(await written(shown, 'own')).toEqual(asDecided);
      }
      expect([logger.lines, failures]).toEqual([[], []]);
    },
  );
});
