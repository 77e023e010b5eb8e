import { count, type Times } from '../../support/words.ts';
import type { WorkerStatus } from '../../support/workerStatus.ts';
import { Badge, Empty, Progress, Section, Table, Time } from '../components/parts.tsx';
import { stateOf, titleOf, toneOf } from '../jobs/jobWords.ts';

type Job = WorkerStatus['jobs'][number];

/** Replays and backfills, the latest first. */
export function Jobs({ of, times }: { of: readonly Job[]; times: Times }) {
  return (
    <Section title="Jobs" id="jobs">
      {of.length === 0 ? (
        <Empty>No notifications have been sent again, or afterwards, since this state began.</Empty>
      ) : (
        <Table
          label="Jobs"
          headings={['Job', 'State', 'Queued', 'Progress', 'Updated']}
          rows={of.map((job) => [
            <a href={`/jobs/${encodeURIComponent(job.id)}`}>{titleOf(job)}</a>,
            <Badge tone={toneOf(stateOf(job))}>{stateOf(job)}</Badge>,
            count((job.counts['queued'] ?? 0) + (job.counts['queued_before'] ?? 0)),
            <Bar of={job} />,
            <Time at={job.updatedAt} times={times} />,
          ])}
        />
      )}
    </Section>
  );
}

/** Of unknown length until it has been counted how many there are to examine; rows of earlier versions have no total. */
function Bar({ of: job }: { of: Job }) {
  const { counts, total } = job;
  const state = stateOf(job);
  const examined = counts['examined'] ?? 0;
  const isFinished = state === 'finished';
  const of = isFinished ? examined : total;
  const label = `${count(examined)}${of === null || isFinished ? '' : ` of ${count(of)}`} examined`;
  if (isFinished) return <Progress label={label} done={1} total={1} />;
  if (state === 'interrupted' && total === null) return <span>{label}</span>;
  return <Progress label={label} done={examined} total={total} />;
}
