import { newSms } from '../../harness/smsPlatform.ts';
import { sampleOf, type Scene } from '../scene.ts';
import { demoSettings } from '../stage.ts';

const path = '/hooks/29';
const leastWaitsMs = [500, 1500] as const;

export const failingWebhook: Scene = {
  name: 'failing-webhook',
  title: 'A webhook that fails twice',
  async play({ stage, narrator, platform, checks, scene, recordOf }) {
    const { receiver } = stage;
    receiver.answer(path, [
      { status: 500, body: 'out of order' },
      { fault: 'reset' },
      { status: 200, body: 'here I am again' },
    ]);
    await platform.setUp({ accountId: 29, flowId: 201, url: receiver.url(path) });
    narrator.say(
      `The webhook of account 29 will answer 500, then reset the connection, then answer 200. The first retries are quick; here QUICK_RETRIES=${demoSettings.QUICK_RETRIES}.`,
    );
    const sms = newSms({ _id: 'sms-29', accountID: 29, flowId: 201 });
    await platform.insert(sms, '_id', 'flowId', 'accountID');
    await platform.setStatus(sms._id, 'DELIVERED');

    const record = await narrator.during('three attempts …', recordOf(sms._id));
    const requests = receiver.requests(path);
    const waitsMs = requests
      .slice(1)
      .map(({ receivedAt }, index) => receivedAt.getTime() - Number(requests[index]?.receivedAt));
    const [first = 0, second = 0] = waitsMs.map((ms) => (ms / 1000).toFixed(2));
    narrator.lines(
      [
        'attempt 1   500',
        `attempt 2   connection reset  ${first} s after the one before`,
        `attempt 3   200               ${second} s after the one before`,
      ].join('\n'),
    );
    narrator.say('The record shows the result:');
    narrator.record(record);
    const [request] = requests.slice(-1);
    if (request !== undefined) scene.request = sampleOf(request);
    scene.record = record;

    checks.equal(
      'Three attempts, counted in webhook-attempt.',
      requests.map(({ headers }) => headers['webhook-attempt']),
      ['1', '2', '3'],
    );
    checks.equal(
      'All carry the same webhook-id, so the receiver can recognise a repeated call.',
      requests.map(({ headers }) => headers['webhook-id']),
      Array.from({ length: 3 }, () => `${sms._id}:DELIVERED`),
    );
    checks.equal(
      'All carry the same bytes.',
      new Set(requests.map(({ body }) => body.toString('base64'))).size,
      1,
    );
    checks.holds(
      'No retry was made too early.',
      waitsMs.length === 2 && leastWaitsMs.every((least, index) => (waitsMs[index] ?? 0) >= least),
      `at least ${leastWaitsMs.join(' and ')} ms between them`,
      waitsMs,
    );
    checks.equal(
      'The record says: delivered, 200, three attempts.',
      { state: record['state'], statusCode: record['statusCode'], attempts: record['attempts'] },
      { state: 'delivered', statusCode: 200, attempts: 3 },
    );
    const history = record['history'] as readonly Record<string, unknown>[];
    const failures = history.map(({ statusCode, error }) => ({ statusCode, error }));
    checks.equal('Its history has the two failed attempts and their errors.', failures, [
      { statusCode: 500, error: null },
      { statusCode: null, error: 'connection_reset' },
    ]);
  },
};
