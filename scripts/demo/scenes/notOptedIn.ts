import { newSms } from '../../harness/smsPlatform.ts';
import type { Scene } from '../scene.ts';

const path = '/hooks/30';

export const notOptedIn: Scene = {
  name: 'not-opted-in',
  title: 'An account that did not opt in',
  async play({ stage, narrator, platform, setUp, checks, waitFor, counter }) {
    const { receiver, sms } = stage;
    narrator.say(
      'Account 30 has a default webhook, and its flow has it enabled, but the account itself is not switched on:',
    );
    const account = { accountId: 30, flowId: 202, url: receiver.url(path) };
    await setUp({ ...account, notifyOnDelivery: 'false' }, ['account']);
    const passedOver = async (): Promise<number> =>
      await counter('not_notified_total', 'not_opted_in');
    const before = await passedOver();
    const document = newSms({ _id: 'sms-30', accountID: 30, flowId: 202 });
    await platform.insert(document, ['_id', 'flowId', 'accountID']);
    await platform.setStatus(document._id, 'DELIVERED');
    await waitFor('the worker passes it over', async () => (await passedOver()) > before);

    const seen = await sms.findOne({ _id: document._id });
    narrator.say('The worker only counts it:');
    narrator.lines('notify_on_delivery_not_notified_total{reason="not_opted_in"}  +1');
    checks.equal('The worker saw the status and passed it over.', (await passedOver()) - before, 1);
    checks.equal('Nobody was called.', receiver.requests(path).length, 0);
    checks.equal('The document has no record.', seen?.['notify_on_delivery'], undefined);
  },
};
