import { newSms } from '../../harness/smsPlatform.ts';
import { demoSettings } from '../demoWorker.ts';
import { sampleOf, type ReceivedRequest } from '../report.ts';
import type { Scene } from '../scene.ts';

const path = '/hooks/29';
const leastWaitsMs = [500, 1500] as const;

export const failingWebhook: Scene = {
  name: 'failing-webhook',
  title: 'A webhook that fails twice',
  async play({ stage, narrator, platform, setUp, checks, scene, recordOf }) {
    const { receiver } = stage;
    receiver.answer(path, [
      { status: 500, body: 'out of order' },
      { fault: 'reset' },
      { status: 200, body: 'here I am again' },
    ]);
    await setUp({ accountId: 29, flowId: 201, url: receiver.url(path) }, []);
    narrator.say(
      `The webhook of account 29 will answer 500, then reset the connection, then work. The first retries are quick; here QUICK_RETRIES=${demoSettings.QUICK_RETRIES}.`,
    );
    const sms = newSms({ _id: 'sms-29', accountID: 29, flowId: 201 });
    await platform.insert(sms, ['_id', 'flowId', 'accountID']);
    await platform.setStatus(sms._id, 'DELIVERED');

    const record = await narrator.during('three attempts …', recordOf(sms._id));
    const requests = receiver.requests(path);
    const waitsMs = waitsBetween(requests);
    narrator.lines(table(['500', 'connection reset', '200'], waitsMs));
    narrator.say('The record tells how it went:');
    narrator.record(record);
    const [request] = requests.slice(-1);
    if (request !== undefined) scene.request = sampleOf(request);
    scene.record = record;

    checks.equal(
      'Three attempts, counted in webhook-attempt.',
      header(requests, 'webhook-attempt'),
      ['1', '2', '3'],
    );
    checks.equal(
      'All carry the same webhook-id, so the receiver can tell a repeated call.',
      header(requests, 'webhook-id'),
      Array.from({ length: 3 }, () => `${sms._id}:DELIVERED`),
    );
    checks.equal(
      'All carry the same bytes.',
      new Set(requests.map(({ body }) => body.toString('base64'))).size,
      1,
    );
    checks.holds(
      'No retry came before its time.',
      waitsMs.length === 2 && leastWaitsMs.every((least, index) => (waitsMs[index] ?? 0) >= least),
      `at least ${leastWaitsMs.join(' and ')} ms between them`,
      waitsMs,
    );
    checks.equal(
      'The record says: delivered, 200, three attempts.',
      { state: record['state'], statusCode: record['statusCode'], attempts: record['attempts'] },
      { state: 'delivered', statusCode: 200, attempts: 3 },
    );
    checks.equal('Its history has the two that failed, and how.', failures(record['history']), [
      { statusCode: 500, error: null },
      { statusCode: null, error: 'connection_reset' },
    ]);
  },
};

function waitsBetween(requests: readonly ReceivedRequest[]): readonly number[] {
  return requests
    .slice(1)
    .map(({ receivedAt }, index) => receivedAt.getTime() - Number(requests[index]?.receivedAt));
}

function table(answers: readonly string[], waitsMs: readonly number[]): string {
  return answers
    .map((answer, index) => {
      const wait = waitsMs[index - 1];
      const when = wait === undefined ? '' : `${(wait / 1000).toFixed(2)} s after the one before`;
      return `attempt ${index + 1}   ${answer.padEnd(18)}${when}`.trimEnd();
    })
    .join('\n');
}

function header(requests: readonly ReceivedRequest[], name: string): readonly unknown[] {
  return requests.map(({ headers }) => headers[name]);
}

function failures(history: unknown): readonly unknown[] {
  const entries = Array.isArray(history) ? (history as Record<string, unknown>[]) : [];
  return entries.map(({ statusCode, error }) => ({ statusCode, error }));
}
