import { newSms } from '../../scripts/harness/smsPlatform.ts';
import type { EndToEnd } from './endToEnd.ts';
import { until } from './until.ts';

/**
 * Resolves once the running worker has acknowledged everything written so far: the checkpoint is past a
 * status that is written now. What has not been called by then never will be.
 */
export async function settled({ sms, servers, record }: EndToEnd): Promise<void> {
  const marker = newSms({ accountID: 28, flowId: 'no number', deliveryStatus: 'MARKER' });
  await sms.insertOne(marker);
  const { statusAt } = (await record(marker._id)) as { statusAt: Date };
  const checkpoints = servers.db.collection('notify_on_delivery_checkpoints');
  await until('the checkpoint is past what was written', async () => {
    const row = await checkpoints.findOne({});
    return (row?.['wallTime'] as Date) >= statusAt;
  });
}
