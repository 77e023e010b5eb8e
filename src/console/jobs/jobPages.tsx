import { Refused } from '../../support/session.ts';
import { countsText } from '../../support/replayJob.ts';
import { count } from '../../support/words.ts';
import {
  accountReplayOf,
  canGoOn,
  commandOf,
  readJob,
  spanOf,
  type JobSummary,
} from '../../support/jobs.ts';
import { rateOf } from '../account/asked.ts';
import { audit } from '../audit.ts';
import { may, page } from '../components/frame.tsx';
import {
  Act,
  Badge,
  Facts,
  Field,
  Live,
  Progress,
  Section,
  Time,
  Verbatim,
} from '../components/parts.tsx';
import type { Request, Route } from '../context.ts';
import { readForm } from '../form.ts';
import { redirectWith } from '../notice.ts';
import { stateOf, titleOf, toneOf } from './jobWords.ts';

export const jobRoutes: readonly Route[] = [
  { method: 'GET', path: '/jobs/:id', role: 'viewer', handle: jobPage },
  { method: 'GET', path: '/jobs/:id/live', role: 'viewer', handle: jobLive },
  { method: 'POST', path: '/jobs/:id/stop', role: 'support', handle: stopJob },
  { method: 'POST', path: '/jobs/:id/resume', role: 'support', handle: resumeJob },
];

async function jobPage(request: Request): Promise<Response> {
  const job = await jobIn(request);
  const children = (
    <>
      <h1>{titleOf(job)}</h1>
      <Section title="How far it is" id="progress">
        <Live path={`${pathOf(job)}/live`}>
          <JobFacts request={request} job={job} />
        </Live>
      </Section>
      <Command job={job} name={request.get('context').commandName} />
    </>
  );
  return await page(request, { title: titleOf(job), children });
}

async function jobLive(request: Request): Promise<Response> {
  return await request.html(<JobFacts request={request} job={await jobIn(request)} />);
}

/** Throws `Refused` when there is none. */
async function jobIn(request: Request): Promise<JobSummary> {
  const id = request.req.param('id') ?? '';
  const job = await readJob(request.get('context').session, id);
  if (job === null) throw new Refused('There is no such job: the overview lists the latest.');
  return job;
}

function pathOf({ id }: JobSummary): string {
  return `/jobs/${encodeURIComponent(id)}`;
}

function JobFacts({ request, job }: { request: Request; job: JobSummary }) {
  const { jobs, times } = request.get('context');
  const progress = jobs.progressOf(job.id);
  const problem = jobs.problemOf(job.id);
  const isStale = progress === null && canGoOn(job);
  const { since, until } = spanOf(job);
  const account = job.arguments['account'];
  const state = progress === null ? stateOf(job) : (job.state ?? 'unknown');
  // What is saved is up to a second old.
  const counts =
    progress === null
      ? job.counts
      : { ...job.counts, queued: Math.max(progress.queued, job.counts['queued'] ?? 0) };
  const examined = progress?.examined ?? job.counts['examined'] ?? 0;
  const total = progress?.total ?? job.total;
  return (
    <>
      {state === 'running' ? (
        <Progress
          label={`${countsText(counts, 'queued')} so far${total === null ? '' : `; ${count(examined)} of ${count(total)} examined`}.`}
          done={examined}
          total={total}
        />
      ) : null}
      {problem === null ? null : <p class="problem">{problem}</p>}
      <Facts
        of={[
          ['State', <Badge tone={toneOf(state)}>{state}</Badge>],
          ...(account === undefined
            ? []
            : [
                [
                  'Account',
                  <a href={`/accounts/${encodeURIComponent(account)}`}>{account}</a>,
                ] as const,
              ]),
          ['Statuses since', <Time at={since} times={times} />],
          ['Until', until === null ? 'its start' : <Time at={until} times={times} />],
          ...(job.arguments['state'] === undefined
            ? []
            : [['Which have', job.arguments['state'].replaceAll(',', ', ')] as const]),
          ['Result', `${countsText(counts, 'queued')}.`],
          ['Begun', <Time at={job.startedAt} times={times} />],
          ['Last saved', <Time at={job.updatedAt} times={times} />],
        ]}
      />
      {state === 'finished' && (job.counts['queued'] ?? 0) > 0 ? (
        <p>The running worker makes the calls.</p>
      ) : null}
      {progress !== null && may(request, 'support') ? (
        <Act path={`${pathOf(job)}/stop`} label="Stop it" kind="danger" />
      ) : null}
      {isStale && may(request, 'support') && accountReplayOf(job) !== null ? (
        <GoOn job={job} />
      ) : null}
    </>
  );
}

function GoOn({ job }: { job: JobSummary }) {
  return (
    <form class="fields short" method="post" action={`${pathOf(job)}/resume`}>
      <Field
        label="At most so many a second"
        name="rate"
        inputmode="numeric"
        value="20"
        required={true}
      />
      <button class="main" type="submit">
        Go on where it stopped
      </button>
    </form>
  );
}

function Command({ job, name }: { job: JobSummary; name: string }) {
  const command = commandOf(job, name);
  if (command === null) return null;
  return (
    <Section title="By command" id="command">
      <Verbatim label="The same; an interrupted job goes on where it stopped." text={command} />
    </Section>
  );
}

async function stopJob(request: Request): Promise<Response> {
  const job = await jobIn(request);
  const { jobs } = request.get('context');
  await audit(request, 'stop job', job.id);
  if (!jobs.stop(job.id)) {
    throw new Refused('This console does not work on that job: stop it where it runs.');
  }
  return await redirectWith(request, pathOf(job), 'It stops; it can go on later.');
}

async function resumeJob(request: Request): Promise<Response> {
  const job = await jobIn(request);
  const perSecond = rateOf(await readForm(request));
  const replay = accountReplayOf(job);
  if (replay === null) {
    throw new Refused('Only a replay for one account can go on here: use the command.');
  }
  if (!canGoOn(job)) throw new Refused('That job has finished, or is running already.');
  await audit(request, 'go on with job', job.id);
  const { jobs } = request.get('context');
  const id = await jobs.start({ ...replay, perSecond });
  return await redirectWith(request, `/jobs/${encodeURIComponent(id)}`, 'The job goes on.');
}
