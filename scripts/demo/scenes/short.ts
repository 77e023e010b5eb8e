import { sampleDocument } from '../../../tests/support/seedSample.ts';
import { newSms } from '../../harness/smsPlatform.ts';
import { count } from '../narrator.ts';
import type { AccountSetUp, Step } from '../platform.ts';
import type { Scene, SceneTools } from '../scene.ts';
import { stopWorker } from '../stage.ts';

export const notOptedIn: Scene = {
  name: 'not-opted-in',
  title: 'An account that did not opt in',
  async play(tools) {
    const { stage, narrator, platform, checks, waitFor, passedOver } = tools;
    narrator.say(
      'Account 30 has a default webhook, and its flow has it enabled, but the account itself has not opted in:',
    );
    const account = { accountId: 30, flowId: 202, url: stage.receiver.url('/hooks/30') };
    await platform.setUp({ ...account, notifyOnDelivery: 'false' }, 'account');
    const before = await passedOver('not_opted_in');
    const id = await deliverSms(account, tools);
    const isSeen = async (): Promise<boolean> => (await passedOver('not_opted_in')) > before;
    await waitFor('the worker passes it over', isSeen);

    const seen = await stage.sms.findOne({ _id: id });
    const passed = (await passedOver('not_opted_in')) - before;
    narrator.say('The worker only counts it:');
    narrator.lines('notify_on_delivery_not_notified_total{reason="not_opted_in"}  +1');
    checks.equal('The worker read the status and did not notify.', passed, 1);
    checks.equal('Nobody was called.', stage.receiver.requests('/hooks/30').length, 0);
    checks.equal('The document has no record.', seen?.['notify_on_delivery'], undefined);
  },
};

export const flowWithoutWebhook = skipped({
  name: 'flow-without-webhook',
  title: 'A flow that does not have the webhook enabled',
  words:
    'Account 31 opted in and has a default webhook, but the webhook is not enabled for this flow:',
  account: { accountId: 31, flowId: 203, webhookEnabled: false },
  shown: 'flow',
  reason: 'flow_webhook_disabled',
});

export const noDefaultWebhook = skipped({
  name: 'no-default-webhook',
  title: 'An account without a default webhook',
  words:
    'Account 32 opted in and its flow has the webhook enabled, but its only webhook is not the default:',
  account: { accountId: 32, flowId: 204, isDefault: false },
  shown: 'webhook',
  reason: 'no_default_webhook',
});

/** A set-up with one thing missing, for which the worker skips the status. */
function skipped({
  name,
  title,
  words,
  account,
  shown,
  reason,
}: {
  readonly name: string;
  readonly title: string;
  readonly words: string;
  readonly account: Omit<AccountSetUp, 'url'>;
  readonly shown: Step;
  readonly reason: string;
}): Scene {
  return {
    name,
    title,
    async play(tools) {
      const { stage, narrator, platform, checks, scene, recordOf } = tools;
      const path = `/hooks/${account.accountId}`;
      narrator.say(words);
      await platform.setUp({ ...account, url: stage.receiver.url(path) }, shown);
      const record = await recordOf(await deliverSms(account, tools));
      narrator.record(record);
      scene.record = record;
      const seen = { state: record['state'], reason: record['reason'] };
      checks.equal(`The record says: skipped, ${reason}.`, seen, { state: 'skipped', reason });
      checks.equal('Nobody was called.', stage.receiver.requests(path).length, 0);
    },
  };
}

export const cleanStop: Scene = {
  name: 'clean-stop',
  title: 'The end',
  async play({ stage: { worker }, narrator, checks }) {
    const began = performance.now();
    await narrator.during('Sending SIGTERM to the worker …', stopWorker(worker));
    const exit = await worker.exit;
    narrator.say(
      `The worker received SIGTERM and exited ${count(performance.now() - began)} ms later.`,
    );
    const log = worker.output();
    const { text, to } = sampleDocument;
    const leaked = [text, to].filter((secret) => log.includes(secret));
    checks.equal('It finished its work: exit code 0.', exit, { code: 0, signal: null });
    checks.equal('Its log contains no SMS text and no phone number.', leaked, []);
  },
};

/** An SMS of this account gets its status; its id. */
async function deliverSms(
  { accountId, flowId }: Pick<AccountSetUp, 'accountId' | 'flowId'>,
  { platform }: SceneTools,
): Promise<string> {
  const document = newSms({ _id: `sms-${accountId}`, accountID: accountId, flowId });
  await platform.insert(document, '_id', 'flowId', 'accountID');
  await platform.setStatus(document._id, 'DELIVERED');
  return document._id;
}
