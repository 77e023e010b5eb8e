import { customerAnswer } from '../../support/customerAnswer.ts';
import { replayOne } from '../../support/replayOne.ts';
import { Refused } from '../../support/session.ts';
import { makeSmsDue, readSmsReport, readSmsWithCall } from '../../support/smsReport.ts';
import { audit } from '../audit.ts';
import { page } from '../components/frame.tsx';
import { Live, Section, Verbatim } from '../components/parts.tsx';
import type { Request, Route } from '../context.ts';
import { readForm } from '../form.ts';
import { redirectWith } from '../notice.ts';
import { AnswerView } from '../sms/answerView.tsx';
import { LiveView } from '../sms/liveView.tsx';
import { RequestView } from '../sms/requestView.tsx';
import { revealable, type Revealable } from '../sms/reveal.tsx';
import { SmsFactsView } from '../sms/smsFactsView.tsx';
import { smsPath } from '../sms/smsPath.ts';

export const smsRoutes: readonly Route[] = [
  { method: 'GET', path: '/sms/:smsId', role: 'viewer', handle: async (it) => await showSms(it) },
  { method: 'GET', path: '/sms/:smsId/live', role: 'viewer', handle: showLive },
  { method: 'POST', path: '/sms/:smsId/reveal', role: 'support', handle: reveal },
  { method: 'POST', path: '/sms/:smsId/resend', role: 'support', handle: sendAgain },
  { method: 'POST', path: '/sms/:smsId/run', role: 'support', handle: runNow },
];

function askedFor(request: Request): string {
  return request.req.param('smsId') ?? '';
}

interface Shown {
  readonly revealed?: Revealable;
  /** Why an act was refused. */
  readonly problem?: string;
}

async function showSms(request: Request, { revealed, problem }: Shown = {}): Promise<Response> {
  const { session, times } = request.get('context');
  const found = await readSmsWithCall(session, askedFor(request));
  if (found === null) return await notFound(request);
  const { report, call } = found;
  const { smsId, facts, notified, maskedTo } = report;
  const seen = { request, smsId, revealed: revealed ?? null };
  const answer = customerAnswer(facts, { smsId, to: maskedTo }, times);
  const children = (
    <>
      <h1>SMS {smsId}</h1>
      {problem === undefined ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <Live path={smsPath(smsId, 'live')}>
        <LiveView request={request} report={report} />
      </Live>
      <SmsFactsView seen={seen} report={report} />
      <RequestView seen={seen} call={call} />
      <AnswerView seen={seen} notified={notified} />
      <Section title="Answer for the customer" id="answer">
        <Verbatim label={`As of ${times.at(new Date())}`} text={answer} />
      </Section>
    </>
  );
  const status = problem === undefined ? 200 : 409;
  return await page(request, { title: `SMS ${smsId}`, place: 'find', children }, status);
}

async function showLive(request: Request): Promise<Response> {
  const report = await readSmsReport(request.get('context').session, askedFor(request));
  if (report === null) return await notFound(request);
  return await request.html(<LiveView request={request} report={report} />);
}

async function notFound(request: Request): Promise<Response> {
  const smsId = askedFor(request);
  const { namespace } = (await request.get('context').session.mongo()).sms;
  const children = (
    <>
      <h1>No such SMS</h1>
      <p class="problem" role="alert">
        {`There is no SMS with the _id ${JSON.stringify(smsId)} in ${namespace}.`}
        {/^\s*[[{]/.test(smsId)
          ? ' An _id that is neither a text, an ObjectId, a UUID nor a number is not looked up, and never notified.'
          : ''}
      </p>
      <p>
        <a href="/find">Find an SMS</a>
      </p>
    </>
  );
  return await page(request, { title: 'No such SMS', place: 'find', children }, 404);
}

async function reveal(request: Request): Promise<Response> {
  const asked = (await readForm(request)).text('what');
  const what = revealable.find((each) => each === asked);
  if (what === undefined) {
    throw new Refused(`Only this can be revealed: ${revealable.join(', ')}.`);
  }
  const { session } = request.get('context');
  const report = await readSmsReport(session, askedFor(request));
  if (report === null) return await notFound(request);
  await audit(request, `reveal ${what}`, `SMS ${report.smsId}`);
  return await showSms(request, { revealed: what });
}

async function sendAgain(request: Request): Promise<Response> {
  const form = await readForm(request);
  const { session, times } = request.get('context');
  const report = await readSmsReport(session, askedFor(request));
  if (report === null) return await notFound(request);
  const { smsId, statuses } = report;
  const named = form.text('status');
  // A status may have spaces around it, which a form's field has not.
  const status =
    named === '' ? statuses[0] : (statuses.find((each) => each.trim() === named) ?? named);
  await audit(request, 'send again', `SMS ${smsId}, status ${status ?? 'none'}`);
  return await afterAct(request, smsId, async () => {
    const options = { reader: 'page', times, ...(status !== undefined && { status }) } as const;
    return (await replayOne(session, smsId, options)).sentence(times);
  });
}

async function runNow(request: Request): Promise<Response> {
  const { session } = request.get('context');
  const report = await readSmsReport(session, askedFor(request));
  if (report === null) return await notFound(request);
  const { smsId } = report;
  await audit(request, 'run retries', `SMS ${smsId}`);
  return await afterAct(request, smsId, async () => (await makeSmsDue(session, smsId)).sentence);
}

/** A refusal is shown on the page of the SMS. */
async function afterAct(
  request: Request,
  smsId: string,
  act: () => Promise<string>,
): Promise<Response> {
  try {
    return await redirectWith(request, smsPath(smsId), await act());
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return await showSms(request, { problem: error.message });
  }
}
