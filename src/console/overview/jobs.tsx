import { count, type Times } from '../../support/words.ts';
import type { WorkerStatus } from '../../support/workerStatus.ts';
import { Badge, Empty, Progress, Section, Table, Time, type Tone } from '../components/parts.tsx';

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
            <Badge tone={tones[job.state ?? ''] ?? 'unknown'}>{job.state ?? 'unknown'}</Badge>,
            count((job.counts['queued'] ?? 0) + (job.counts['queued_before'] ?? 0)),
            <Bar of={job} />,
            <Time at={job.updatedAt} times={times} />,
          ])}
        />
      )}
    </Section>
  );
}

const tones: Readonly<Record<string, Tone>> = {
  running: 'waiting',
  finished: 'good',
  interrupted: 'bad',
};

function titleOf({ kind, arguments: given }: Job): string {
  const account = given['account'];
  return `${kind ?? '?'}${account === undefined ? '' : ` for account ${account}`}`;
}

/** How much there is to examine is not stored: the bar is only full or not. */
function Bar({ of: { state, counts } }: { of: Job }) {
  const examined = counts['examined'] ?? 0;
  const label = `${count(examined)} examined`;
  if (state === 'interrupted') return <span>{label}</span>;
  return <Progress label={label} done={1} total={state === 'finished' ? 1 : null} />;
}
