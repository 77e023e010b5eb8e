import { actSentence } from '../../support/acts.ts';
import { adviceOf } from '../../support/advice.ts';
import { chainOf } from '../../support/chain.ts';
import { notifiedNow } from '../../support/notifiedNow.ts';
import type { SmsReport } from '../../support/smsReport.ts';
import { timelineOf } from '../../support/timeline.ts';
import { verdictOf } from '../../support/verdict.ts';
import { may } from '../components/frame.tsx';
import { Act, Badge, Section } from '../components/parts.tsx';
import type { Request } from '../context.ts';
import { ChainView } from './chainView.tsx';
import { PlaceLink } from './placeLink.tsx';
import { placeOfAct } from './places.ts';
import { smsPath } from './smsPath.ts';
import { TimelineView } from './timelineView.tsx';

/** What changes by itself: how far it has come, its calls, and what helps now. */
export function LiveView({ request, report }: { request: Request; report: SmsReport }) {
  const { times } = request.get('context');
  const { facts } = report;
  return (
    <>
      <Section title="What happened">
        <p class="outcome">{verdictOf(facts, times, 'page')}</p>
        <ChainView request={request} chain={chainOf(facts, times, 'page')} />
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
                {actSentence(act)} <PlaceLink request={request} place={placeOfAct(act)} />
              </li>
            ))}
          </ol>
        </>
      )}
      {may(request, 'support') ? <Acts report={report} isMain={would === true} /> : null}
    </>
  );
}

/** What support can do about it here and now; `isMain`: nothing stands in the way. */
function Acts({ report, isMain }: { report: SmsReport; isMain: boolean }) {
  const { facts, smsId, statuses } = report;
  const waits = facts.parked.some(({ isClaimed }) => !isClaimed);
  const waiting = new Set(facts.parked.map(({ deliveryStatus }) => deliveryStatus));
  const others = statuses.filter((status) => !waiting.has(status));
  return (
    <>
      {waits ? <Act path={smsPath(smsId, 'run')} label="Run now" kind="main" /> : null}
      {others.length > 0 ? <SendAgain smsId={smsId} statuses={others} isMain={isMain} /> : null}
    </>
  );
}

function SendAgain({
  smsId,
  statuses,
  isMain,
}: {
  smsId: string;
  statuses: readonly string[];
  isMain: boolean;
}) {
  const [only, ...more] = statuses;
  return (
    <form
      class="act"
      method="post"
      action={smsPath(smsId, 'resend')}
      data-confirm="Send this notification to the customer again?"
    >
      {more.length === 0 ? (
        <input type="hidden" name="status" value={only} />
      ) : (
        <label>
          Status{' '}
          <select name="status">
            {statuses.map((status) => (
              <option value={status}>{status}</option>
            ))}
          </select>{' '}
        </label>
      )}
      <button class={isMain ? 'main' : 'plain'} type="submit">
        Send again
      </button>
    </form>
  );
}
