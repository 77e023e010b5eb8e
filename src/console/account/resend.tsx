import type { IntegerId } from '../../domain/ids.ts';
import { endedStates, type AccountReplay, type EndedState } from '../../support/jobs.ts';
import { Refused } from '../../support/session.ts';
import { count } from '../../support/words.ts';
import { page } from '../components/frame.tsx';
import { Empty, Field, Live, Progress, Section } from '../components/parts.tsx';
import type { Request } from '../context.ts';
import { readForm, readQuery, type Fields } from '../form.ts';
import type { CountState } from '../jobs/counts.ts';
import { redirectWith } from '../notice.ts';
import { accountIn, rateOf, timeOf, typed } from './asked.ts';
import { audit } from '../audit.ts';
import { Select } from './inputs.tsx';

const HOUR_MS = 3_600_000;
const PER_SECOND = 20;

/** Where what has failed within the last hour is counted, as that is what most people want first. */
export function resendPath(accountId: IntegerId): string {
  const query = new URLSearchParams({
    state: 'failed',
    since: new Date(Date.now() - HOUR_MS).toISOString(),
  });
  return `/accounts/${accountId}/resend?${query.toString()}`;
}

/** What to resend, and how much that would be: nothing is resent before that is known. */
export async function resendPage(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const { zone, jobs } = request.get('context');
  const query = readQuery(request);
  const replay = query.text('since') === '' ? null : replayIn(request, query, accountId);
  if (replay !== null && query.text('until') === '') {
    // So that the same is meant however often it is looked at.
    return request.redirect(addressOf(replay), 303);
  }
  const state = replay === null ? null : await jobs.count(replay);
  const title = `Resend notifications of account ${accountId}`;
  const [chosen = 'failed'] = replay?.states ?? [];
  const since = replay?.span.since ?? new Date(Date.now() - HOUR_MS);
  const children = (
    <>
      <h1>{title}</h1>
      <p>
        <a href={`/accounts/${accountId}`}>{`To account ${accountId}`}</a>
      </p>
      <Section title="Which ones?" id="which">
        <form class="fields" method="get" action={`/accounts/${accountId}/resend`}>
          <Select
            label="What has"
            name="state"
            value={chosen}
            options={endedStates.map((each) => [each, each] as const)}
          />
          <Field
            label="Since"
            name="since"
            type="datetime-local"
            value={typed(since, zone)}
            required={true}
          />
          <Field
            label="Until"
            name="until"
            type="datetime-local"
            value={typed(replay?.span.until ?? null, zone)}
          />
          <button type="submit">Count them</button>
        </form>
        <p>
          <small>
            By the time at which the newest status of an SMS was set; until now where no end is
            given. What still waits is left alone.
          </small>
        </p>
      </Section>
      {replay === null || state === null ? null : (
        <Section title="What would be resent" id="count">
          {state.kind === 'counting' ? (
            <Live path={addressOf(replay, '/count')}>
              <Counted replay={replay} state={state} />
            </Live>
          ) : (
            <Counted replay={replay} state={state} />
          )}
        </Section>
      )}
    </>
  );
  return await page(request, { title, place: 'accounts', children });
}

/** The part of it that shows how far the count is. */
export async function resendCount(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const replay = replayIn(request, readQuery(request), accountId);
  const state = request.get('context').jobs.counted(replay);
  return await request.html(
    state === null ? (
      <Empty>Count them again: this was a while ago.</Empty>
    ) : (
      <Counted replay={replay} state={state} />
    ),
  );
}

function Counted({ replay, state }: { replay: AccountReplay; state: CountState }) {
  const { accountId, states, span } = replay;
  if (state.kind === 'failed') return <p class="problem">{state.problem}</p>;
  if (state.kind === 'counting') {
    return (
      <Progress
        label={`Going through the SMS; ${count(state.queued)} found so far. Reload to see more.`}
        done={0}
        total={null}
      />
    );
  }
  if (state.queued === 0) return <Empty>{state.sentence}</Empty>;
  const fields = {
    state: states.join(','),
    since: span.since.toISOString(),
    until: span.until.toISOString(),
  };
  return (
    <>
      <p>{state.sentence}</p>
      <form class="fields short" method="post" action={`/accounts/${accountId}/resend`}>
        {Object.entries(fields).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <Field
          label="At most so many a second"
          name="rate"
          inputmode="numeric"
          value={String(PER_SECOND)}
          required={true}
        />
        <button class="main" type="submit">
          {`Resend ${count(state.queued)}`}
        </button>
      </form>
      <p>
        <small>
          They keep their webhook-id, so a receiver that remembers it takes them for repeats. Each
          body is made from the SMS as it is now.
        </small>
      </p>
    </>
  );
}

/** Begins the job that resends them. */
export async function startResend(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const { jobs, times } = request.get('context');
  const form = await readForm(request);
  form.required('since', 'Since');
  form.required('until', 'Until');
  const replay = replayIn(request, form, accountId);
  const perSecond = rateOf(form);
  const { since, until } = replay.span;
  const what = `resend notifications (${replay.states.join(', ')})`;
  const span = `since ${times.at(since)} until ${times.at(until)}`;
  await audit(request, what, `account ${accountId}, ${span}`);
  const known = jobs.counted(replay);
  const total = known?.kind === 'counted' ? { total: known.examined } : {};
  const id = await jobs.start({ ...replay, perSecond, ...total });
  return await redirectWith(request, `/jobs/${encodeURIComponent(id)}`, 'The job has begun.');
}

/** Throws `Refused`, naming the field. Without an end, it is now. */
function replayIn(request: Request, fields: Fields, accountId: IntegerId): AccountReplay {
  const { zone } = request.get('context');
  const since = timeOf(fields, { name: 'since', label: 'Since' }, zone);
  const until = timeOf(fields, { name: 'until', label: 'Until' }, zone) ?? new Date();
  if (since === null) throw new Refused('Since is missing: fill it in.');
  if (since >= until) throw new Refused('Since must be before Until.');
  const named = fields.text('state') === '' ? ['failed'] : fields.text('state').split(',');
  return { accountId, span: { since, until, accountId }, states: named.map(toState) };
}

function toState(text: string): EndedState {
  const state = endedStates.find((each) => each === text);
  if (state !== undefined) return state;
  throw new Refused(`State must be one of ${endedStates.join(', ')}.`);
}

function addressOf({ accountId, span, states }: AccountReplay, part = ''): string {
  const query = new URLSearchParams({
    state: states.join(','),
    since: span.since.toISOString(),
    until: span.until.toISOString(),
  });
  return `/accounts/${accountId}/resend${part}?${query.toString()}`;
}
