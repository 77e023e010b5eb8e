import { Command } from 'commander';
import { createJobStore, type JobSummary } from '../../mongo/operator/jobStore.ts';
import {
  readOverview,
  type CheckpointFacts,
  type GapFacts,
  type LeaseFacts,
} from '../../mongo/operator/overview.ts';
import { createStateReaders } from '../../mongo/stateReaders.ts';
import type { Bench, CommandResult } from '../command.ts';
import type { Cli } from '../surroundings.ts';
import { silentLogger } from '../silentLogger.ts';
import { list, table } from '../table.ts';
import { apart } from '../unreadable.ts';
import { count, duration, moment, several } from '../words.ts';

const help = `
Reads the worker's own rows in MongoDB, whether a worker runs or not.

  checkpoint   everything the platform wrote before this time is settled
  retries      notifications that wait in MongoDB for their next attempt; overdue is
               how long the oldest has been due
  leases       who works; standbys have none
  gaps         time in which the change stream could not be read, still being searched

Examples:
  npm run cli -- status
  npm run --silent cli -- status --json | jq .retries`;

export function status(cli: Cli): Command {
  return new Command('status')
    .description('how far the worker is, what waits, who works')
    .addHelpText('after', help)
    .action(async () => await cli.run(readStatus));
}

const JOBS_SHOWN = 10;

async function readStatus({ config, mongo }: Bench): Promise<CommandResult> {
  const { state } = await mongo();
  const { rememberMs } = config.notify;
  const readers = createStateReaders({ state, rememberMs, logger: silentLogger });
  const [overview, pending, overdueSeconds, endpointsDisabled, oldestOplogEntryAt, jobs] =
    await Promise.all([
      readOverview(state),
      readers.retriesPending(),
      readers.oldestOverdueSeconds(),
      readers.endpointsDisabled(),
      readers.oldestOplogEntryAt(),
      createJobStore(state.jobs).latest(JOBS_SHOWN),
    ]);
  const now = Date.now();
  const checkpoints = overview.checkpoints.map((checkpoint) => ({
    ...checkpoint,
    lagSeconds:
      checkpoint.at === null ? null : Math.max(0, (now - checkpoint.at.getTime()) / 1_000),
    oplogHeadroomSeconds:
      checkpoint.at === null || oldestOplogEntryAt === null
        ? null
        : (checkpoint.at.getTime() - oldestOplogEntryAt.getTime()) / 1_000,
  }));
  const retries = { pending, oldestOverdueSeconds: overdueSeconds };
  const { leases, gaps } = overview;
  const data = { checkpoints, retries, endpointsDisabled, leases, gaps, jobs };
  const lines = [
    ...checkpoints.flatMap(({ partition, at, lagSeconds, oplogHeadroomSeconds, unreadable }) => [
      ['checkpoint', checkpointText({ partition, at, unreadable })] as const,
      ['lag', lagSeconds === null ? 'unknown' : duration(1_000 * lagSeconds)] as const,
      [
        'oplog head-room',
        oplogHeadroomSeconds === null
          ? 'unknown (no right to read local.oplog.rs)'
          : duration(1_000 * oplogHeadroomSeconds),
      ] as const,
    ]),
    ...(checkpoints.length === 0 ? [['checkpoint', 'none: no worker has run yet'] as const] : []),
    ['retries', `${count(pending)} pending, oldest overdue by ${duration(1_000 * overdueSeconds)}`],
    ['endpoints', `${count(endpointsDisabled)} disabled`],
    ...leases.map((lease) => ['lease', leaseText(lease)] as const),
    ...(leases.length === 0 ? [['lease', 'nobody works'] as const] : []),
    ...gaps.map((gap) => ['gap', gapText(gap)] as const),
  ] as const;
  const { readable, unreadable } = apart(jobs, ({ id }) => id);
  const tables = readable.length === 0 ? [] : [jobsTable(readable)];
  const text = [list(lines), ...tables, ...unreadable].join('\n\n');
  return { data, text };
}

function checkpointText({
  partition,
  at,
  unreadable,
}: Pick<CheckpointFacts, 'partition' | 'at'> & {
  readonly unreadable: string | undefined;
}): string {
  if (unreadable !== undefined) return `${partition} unreadable: ${unreadable}`;
  return at === null ? 'none' : `${moment(at)}, partition ${partition}`;
}

function leaseText({ partition, worker, isHeld, until, unreadable }: LeaseFacts): string {
  if (unreadable !== undefined) return `${partition} unreadable: ${unreadable}`;
  return isHeld && until !== null
    ? `${worker ?? '?'} works on partition ${partition}, until ${moment(until)}`
    : `nobody works on partition ${partition}`;
}

function gapText({ id, from, to, recovered, unreadable }: GapFacts): string {
  if (unreadable !== undefined) return `${id} unreadable: ${unreadable}`;
  const span = `${from?.toISOString() ?? '?'} to ${to?.toISOString() ?? '?'}`;
  return `${span}, ${several(recovered, 'status')} recovered`;
}

function jobsTable(jobs: readonly JobSummary[]): string {
  return table(
    ['job', 'state', 'queued', 'updated', 'arguments'],
    jobs.map(({ kind, state, counts, updatedAt, arguments: given }) => [
      kind ?? '?',
      state ?? '?',
      count((counts['queued'] ?? 0) + (counts['queued_before'] ?? 0)),
      updatedAt?.toISOString() ?? '?',
      Object.entries(given)
        .map(([name, value]) => `--${name} ${value}`)
        .join(' '),
    ]),
  );
}
