import { callWithSample, type TestCall } from '../../support/testCall.ts';
import { makeRetriesDue, obstacleText } from '../../support/retries.ts';
import { blockageText } from '../../support/words.ts';
import { page } from '../components/frame.tsx';
import { Badge, Facts, Section, Verbatim } from '../components/parts.tsx';
import type { Request } from '../context.ts';
import { readForm } from '../form.ts';
import { redirectWith } from '../notice.ts';
import { accountIn } from './asked.ts';
import { audit } from '../audit.ts';

/** Calls the default webhook once with a sample, and shows what it answers. */
export async function testCall(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const { session } = request.get('context');
  const deliveryStatus = (await readForm(request)).required('deliveryStatus', 'The status');
  await audit(request, 'make a test call', `account ${accountId}`);
  const call = await callWithSample(session, accountId, deliveryStatus);
  const title = `Test call for account ${accountId}`;
  const children = (
    <>
      <h1>{title}</h1>
      <Section title="What came of it" id="result">
        <Facts of={factsOf(call)} />
      </Section>
      {call.response === null ? null : (
        <Section title="The answer" id="answer">
          <Verbatim label={answerLabel(call)} text={call.response} />
        </Section>
      )}
      <p>
        <a href={`/accounts/${accountId}#acts`}>{`To account ${accountId}`}</a>
      </p>
    </>
  );
  return await page(request, { title, place: 'accounts', children });
}

function factsOf(call: TestCall) {
  const { statusCode, location, error } = call;
  return [
    [
      'Result',
      <Badge tone={call.delivered ? 'good' : 'bad'}>
        {call.delivered ? 'delivered' : 'not delivered'}
      </Badge>,
    ] as const,
    ['Webhook', `${call.webhookId}, ${call.url}`] as const,
    ['Signed', call.isSigned ? 'yes' : 'no: the webhook has no secret'] as const,
    ['Status code', statusCode === null ? 'no answer' : String(statusCode)] as const,
    ...(location === null
      ? []
      : [['Redirects to', `${location}: not followed, so set that URL`] as const]),
    ...(error === null ? [] : [['Error', error] as const]),
    ['Time', `${call.durationMs} ms`] as const,
    ['webhook-id', call.notificationId] as const,
  ];
}

function answerLabel({ responseEncoding, responseTruncated }: TestCall): string {
  const encoded = responseEncoding === 'base64' ? ', in base64 because it is no text' : '';
  return `Its body${encoded}${responseTruncated ? ', cut off at RESPONSE_LIMIT' : ''}`;
}

/** Makes what waits of an account due now, or what waits of one of its webhooks. */
export async function runRetries(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const { session, times } = request.get('context');
  const webhook = (await readForm(request)).text('webhook');
  const scope = { accountId, ...(webhook === '' ? {} : { webhookId: webhook }) };
  const on = `account ${accountId}${webhook === '' ? '' : `, webhook ${webhook}`}`;
  await audit(request, 'run waiting retries', on);
  const { data, sentence } = await makeRetriesDue(session, scope, false);
  const obstacles = data.obstacles.map((each) => obstacleText(each, times, blockageText));
  const text = [sentence, ...obstacles].join(' ');
  const back = webhook === '' ? '#acts' : '#webhooks';
  return await redirectWith(request, `/accounts/${accountId}${back}`, text);
}
