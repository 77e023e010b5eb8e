import { newSms } from '../../harness/smsPlatform.ts';
import type { Scene, SceneTools } from '../scene.ts';
import type { AccountSetUp } from '../setUp.ts';

export const flowWithoutWebhook: Scene = {
  name: 'flow-without-webhook',
  title: 'A flow that does not have the webhook enabled',
  async play(tools) {
    const { narrator, setUp, stage } = tools;
    narrator.say('Account 31 opted in and has a default webhook, but this flow leaves it off:');
    const account = { accountId: 31, flowId: 203, url: stage.receiver.url('/hooks/31') };
    await setUp({ ...account, webhookEnabled: false }, ['flow']);
    await playSkipped(account, 'flow_webhook_disabled', tools);
  },
};

export const noDefaultWebhook: Scene = {
  name: 'no-default-webhook',
  title: 'An account without a default webhook',
  async play(tools) {
    const { narrator, setUp, stage } = tools;
    narrator.say(
      'Account 32 opted in and its flow has the webhook enabled, but its only webhook is not the default:',
    );
    const account = { accountId: 32, flowId: 204, url: stage.receiver.url('/hooks/32') };
    await setUp({ ...account, isDefault: false }, ['webhook']);
    await playSkipped(account, 'no_default_webhook', tools);
  },
};

async function playSkipped(
  { accountId, flowId }: AccountSetUp,
  reason: string,
  { stage, narrator, platform, checks, scene, recordOf }: SceneTools,
): Promise<void> {
  const document = newSms({ _id: `sms-${accountId}`, accountID: accountId, flowId });
  await platform.insert(document, ['_id', 'flowId', 'accountID']);
  await platform.setStatus(document._id, 'DELIVERED');
  const record = await recordOf(document._id);
  narrator.record(record);
  scene.record = record;
  checks.equal(
    `The record says: skipped, ${reason}.`,
    { state: record['state'], reason: record['reason'] },
    { state: 'skipped', reason },
  );
  checks.equal('Nobody was called.', stage.receiver.requests(`/hooks/${accountId}`).length, 0);
}
