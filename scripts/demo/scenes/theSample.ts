import { Webhook } from 'standardwebhooks';
import { sampleBody, sampleDocument } from '../../../tests/support/seedSample.ts';
import { callOnFlowComplete } from '../platform.ts';
import { sampleOf, type Scene } from '../scene.ts';

export const SAMPLE_ACCOUNT = 28;
export const SAMPLE_FLOW = 200;
export const SAMPLE_PATH = '/hooks/28';

const secret = `whsec_${Buffer.from('only for the demo 012345').toString('base64')}`;
const response = '{"received":true}';

export const theSample: Scene = {
  name: 'sample',
  title: 'The SMS of the requirement',
  async play({ stage, narrator, platform, checks, scene, report, recordOf }) {
    const { receiver, sms } = stage;
    receiver.answer(SAMPLE_PATH, { body: response });
    const { _id: id, deliveryStatus, deliveryTime, ...sent } = sampleDocument;

    narrator.say(
      'Three settings enable notifications: the account, its default webhook, the flow.',
    );
    const account = { accountId: SAMPLE_ACCOUNT, flowId: SAMPLE_FLOW, secret };
    const url = receiver.url(SAMPLE_PATH);
    await platform.setUp({ ...account, url }, 'account', 'webhook', 'flow');
    narrator.say('The flow sends its SMS, and MongoDB gets the document.');
    await platform.insert({ _id: id, ...sent }, '_id', 'flowId', 'accountID', 'text', 'to');
    narrator.say(
      'When the flow is complete, the platform itself calls the default webhook. This is the first of two calls, here with a sample body.',
    );
    await callOnFlowComplete({ _id: id, ...sent }, stage.central.connection);
    const [first] = receiver.requests(SAMPLE_PATH);
    if (first === undefined) throw new Error('The platform did not call.');
    narrator.request(first);
    narrator.say('Later, the carrier reports the delivery status.');
    await platform.setStatus(id, deliveryStatus, deliveryTime);

    const record = await recordOf(id);
    const [, request] = receiver.requests(SAMPLE_PATH);
    if (request === undefined)
      throw new Error('There is a record, but the webhook was not called.');
    const delay = request.receivedAt.getTime() - Number(record['statusAt']);
    report.firstNotificationMs = delay;
    narrator.say(
      `${delay} ms later the worker makes the second call (the body is one line on the wire):`,
    );
    narrator.request(request);
    narrator.say('Its answer is stored in the SMS document:');
    narrator.record(record);
    scene.request = sampleOf(request);
    scene.record = record;

    const calls = receiver.requests(SAMPLE_PATH);
    checks.equal(
      'The webhook was called twice: by the platform, then by the worker.',
      calls.map(({ headers }) => headers['user-agent']),
      ['sms-platform', `notify-on-delivery/${stage.versions.worker}`],
    );
    checks.equal(
      'Both have the same phonon-uuid; only the second has a webhook-id.',
      calls.map(({ json, headers }) => {
        const { 'phonon-uuid': uuid } = json() as Readonly<Record<string, unknown>>;
        return [uuid, typeof headers['webhook-id']];
      }),
      [
        [sent.phononUuid, 'undefined'],
        [sent.phononUuid, 'string'],
      ],
    );
    checks.equal(
      "The body is the requirement's sample, character by character.",
      request.body.toString('utf8'),
      JSON.stringify(sampleBody),
    );
    checks.holds(
      "The signature is right for the webhook's secret (Standard Webhooks).",
      isSigned(request.body, request.headers),
      'a signature that verifies',
      request.headers['webhook-signature'],
    );
    checks.equal(
      'The record says: delivered, 200, at the first attempt.',
      { state: record['state'], statusCode: record['statusCode'], attempts: record['attempts'] },
      { state: 'delivered', statusCode: 200, attempts: 1 },
    );
    checks.equal("The record holds the webhook's response.", record['response'], response);
    const document: Record<string, unknown> = { ...(await sms.findOne({ _id: id })) };
    delete document['notify_on_delivery'];
    checks.equal('Nothing else in the document was changed.', document, sampleDocument);
  },
};

function isSigned(body: Buffer, headers: Readonly<Record<string, unknown>>): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
