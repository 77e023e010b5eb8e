import { actSentence, type Act as AdvisedAct } from '../../support/acts.ts';
import { adviceOf } from '../../support/advice.ts';
import { chainOf } from '../../support/chain.ts';
import { notifiedNow } from '../../support/notifiedNow.ts';
import type { SmsReport } from '../../support/smsReport.ts';
import { timelineOf } from '../../support/timeline.ts';
import { verdictOf, waitingRow } from '../../support/verdict.ts';
import { may } from '../components/frame.tsx';
import { Act, Badge, Section } from '../components/parts.tsx';
import type { Request } from '../context.ts';
import { accountPath, ChainView } from './chainView.tsx';
import { smsPath } from './smsPath.ts';
import { TimelineView } from './timelineView.tsx';

/** What changes by itself: how far it has come, its calls, and what helps now. */
export function LiveView({ request, report }: { request: Request; report: SmsReport }) {
  const { times } = request.get('context');
  const { facts } = report;
  return (
    <>
      <Section title="What happened">
        <p class="verdict">{verdictOf(facts, times, 'page')}</p>
        <ChainView chain={chainOf(facts, times, 'page')} maySet={may(request, 'editor')} />
      </Section>
      <Section title="Calls">
        <TimelineView entries={timelineOf(facts)} times={times} />
      </Section>
      <Section title="Would it be notified now?">
        <NowView request={request} report={report} />
      </Section>
    </>
  );
}

function NowView({ request, report }: { request: Request; report: SmsReport }) {
  const { times, session } = request.get('context');
  const { facts, smsId } = report;
  const { would, sentence } = notifiedNow(facts, times, 'page');
  const asked = { smsId, cacheTtlMs: session.config.routeCache.ttlMs, reader: 'page' } as const;
  const advice = adviceOf(facts, asked, times);
  const tone = would === null ? 'unknown' : would ? 'good' : 'bad';
  return (
    <>
      <p>
        <Badge tone={tone}>{would === null ? 'not known' : would ? 'yes' : 'no'}</Badge> {sentence}
      </p>
      {advice === null ? null : (
        <>
          <p>{advice.text}</p>
          <ol>
            {advice.acts.map((act) => (
              <li>
                {actSentence(act)} <ActLink request={request} act={act} />
              </li>
            ))}
          </ol>
        </>
      )}
      {may(request, 'support') ? <Acts report={report} /> : null}
    </>
  );
}

/** Where it is done, for who may; the buttons for what is done here come below. */
function ActLink({ request, act }: { request: Request; act: AdvisedAct }) {
  const path = placeOf(act, request);
  return path === null ? <></> : <a href={path}>Go there</a>;
}

function placeOf(act: AdvisedAct, request: Request): string | null {
  const isEditor = may(request, 'editor');
  switch (act.kind) {
    case 'optIn':
      return isEditor ? accountPath(act.accountId, 'step-1') : null;
    case 'setWebhook':
    case 'showSetup':
      return isEditor ? accountPath(act.accountId, 'webhooks') : null;
    case 'enableFlow':
      return isEditor ? accountPath(act.accountId, 'flows') : null;
    case 'enableEndpoint':
      return isEditor ? '/endpoints' : null;
    case 'testCall':
      return may(request, 'support') ? accountPath(act.accountId) : null;
    case 'check':
      return '/';
    case 'wait':
    case 'runRetries':
    case 'replay':
      return null;
    default:
      return act satisfies never;
  }
}

/** What support can do about it here and now. */
function Acts({ report }: { report: SmsReport }) {
  const { facts, smsId, statuses } = report;
  const waits = facts.parked.some(({ isClaimed }) => !isClaimed);
  const isSent = waitingRow(facts) === undefined && statuses.length > 0;
  return (
    <>
      {waits ? <Act path={smsPath(smsId, 'run')} label="Run now" kind="main" /> : null}
      {isSent ? <SendAgain smsId={smsId} statuses={statuses} /> : null}
    </>
  );
}

function SendAgain({ smsId, statuses }: { smsId: string; statuses: readonly string[] }) {
  return (
    <form
      class="act"
      method="post"
      action={smsPath(smsId, 'resend')}
      data-confirm="Send this notification to the customer again?"
    >
      {statuses.length === 1 ? null : (
        <label>
          Status{' '}
          <select name="status">
            {statuses.map((status) => (
              <option value={status}>{status}</option>
            ))}
          </select>{' '}
        </label>
      )}
      <button class="main" type="submit">
        Send again
      </button>
    </form>
  );
}
