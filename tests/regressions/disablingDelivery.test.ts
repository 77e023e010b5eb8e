import { expect, it } from '@jest/globals';
import { newSms, setStatus, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { failCommands } from '../support/mongoFaults.ts';
import { usePrivateReplicaSet } from '../support/mongoReplicaSet.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const replicaSet = usePrivateReplicaSet();
const appName = 'the worker';

// The endpoint was disabled before the answer was in the ledger: whoever read the status again after a crash between
// the two ended it as `endpoint_disabled`.
it.each([
  ['a 200 that wants no more', 200, { 'webhook-delivery': 'disable' }, { state: 'delivered' }],
  ['a 410', 410, {}, { state: 'failed', reason: 'endpoint_gone', statusCode: 410 }],
])(
  'ends as it was answered though the worker dies before that is written: %s',
  async (_what, status, headers, end) => {
    const { admin, uri } = replicaSet();
    const { central, receiver } = e2e();
    await central.optIn(status, status, { url: receiver.url(`/${status}`) });
    receiver.answer(`/${status}`, { status, headers });
    const sms = admin.db('central').collection<SmsDocument>('SMSDetailDocument');
    const document = newSms({ accountID: status, flowId: status });
    await sms.insertOne(document);
    const settings = {
      MONGODB_URI: `${uri}&appName=${encodeURIComponent(appName)}`,
      MONGODB_DATABASE: 'central',
    };
    const worker = await e2e().worker(settings);
    {
      // The ledger alone is written by inserts.
      await using _failing = await failCommands(
        admin,
        { appName, commands: ['insert'] },
        { errorCode: 91 },
      );
      await setStatus(sms, document._id, 'DELIVERED');
      await until('its answer waits for the ledger', () =>
        worker.lines.some(({ event, what }) => event === 'database_retry' && what === 'ledger'),
      );
      await worker.kill();
    }
    await e2e().worker(settings);
    const record = await until('it has its record', async () => {
      const found = await sms.findOne({ _id: document._id });
      return found?.['notify_on_delivery'] ?? null;
    });
    expect(record).toMatchObject({ ...end, attempts: 1 });
    const endpoints = admin.db('central').collection('notify_on_delivery_endpoints');
    expect(await endpoints.countDocuments({ url: receiver.url(`/${status}`) })).toBe(1);
  },
);
