import { Command } from 'commander';
import { count, duration, endpointText, several, whyBlocked } from '../../support/words.ts';
import { judge, mysqlProblemNow, type Health } from '../../support/health.ts';
import { readWorkerStatus, type WorkerStatus } from '../../support/workerStatus.ts';
import type { CommandRunner } from '../environment.ts';
import { apart, type Page } from '../output/page.ts';
import { topicLines } from '../output/topicText.ts';

const help = `
Reads the worker's own rows in MongoDB, whether or not a worker is running, and asks MySQL,
for two seconds at most, whether it answers; with Kafka,
also what the consumer group has committed, unless no broker answers within seconds.

  health       whether customers are notified; if not, or late, why, and what to do
  mode         where statuses come from: the change stream or a topic
  checkpoint   everything the platform wrote before this time is acknowledged
  partition    of the topic: the committed offset, how many messages are left (lag), and
               the time before which everything in it is acknowledged
  retries      notifications waiting in MongoDB for their next attempt; blocked: those for
               an endpoint that is not called; overdue: how long the oldest of the others
               has been due
  endpoint     an endpoint that is not called because it is disabled or its breaker is
               open: since when, the last error, the next probe, and how many wait
  worker       the active worker and the standby workers
  gaps         time spans for which the change stream could not be read, and which are
               still being scanned

Examples:
  npm run cli -- status
  npm run --silent cli -- status --json | jq .retries`;

export function status(cli: CommandRunner): Command {
  return new Command('status')
    .description('show progress, waiting retries and workers')
    .addHelpText('after', help)
    .action(
      async () =>
        await cli.run(async (session) => {
          const [facts, mysqlProblem] = await Promise.all([
            readWorkerStatus(session),
            mysqlProblemNow(session),
          ]);
          const data = { health: judge(facts, mysqlProblem), ...facts };
          return { data, text: (page) => statusText(data, page) };
        }),
    );
}

type Row<Name extends 'checkpoints' | 'leases' | 'gaps' | 'jobs'> = WorkerStatus[Name][number];
type Line = readonly [name: string, value: string];

/** For people; of what is needed to go on with a job nothing is left out. */
function statusText(facts: WorkerStatus & { readonly health: Health }, page: Page): string {
  const { retries, standbys, gaps, jobs } = facts;
  const overdue = duration(1_000 * retries.oldestOverdueSeconds);
  const lines: readonly Line[] = [
    ['health', facts.health.sentence],
    ...placeLines(facts),
    ['mode', modeText(facts)],
    ...(facts.topic === null
      ? checkpointLines(facts, page)
      : [...formerLines(facts, page), ...topicLines(facts.topic, page)]),
    [
      'retries',
      `${count(retries.pending)} pending, ${count(retries.blocked)} blocked, oldest overdue by ${overdue}`,
    ],
    ...endpointLines(facts, page),
    ...holderLines(facts, page),
    ...standbys.map(({ worker, seenAt }): Line => {
      return ['worker', `${worker} stands by, seen ${page.moment(seenAt)}`];
    }),
    ...gaps.map((gap): Line => ['gap', gapText(gap, page)]),
  ];
  const { readable, unreadable } = apart(jobs, ({ id }) => id, page);
  const records = readable.map((job) => jobText(job, page));
  return [page.list(lines), ...records, ...unreadable].join('\n\n');
}

const ENDPOINTS_SHOWN = 20;

function endpointLines({ breakers, disabled }: WorkerStatus, page: Page): readonly Line[] {
  const all = [...breakers, ...disabled];
  const more = all.length - ENDPOINTS_SHOWN;
  return [
    [
      'endpoints',
      `${count(disabled.length)} disabled, ${several(breakers.length, 'breaker')} open`,
    ],
    ...all.slice(0, ENDPOINTS_SHOWN).map((each): Line => {
      return ['endpoint', `${endpointText(each)}: ${whyBlocked(each, page)}`];
    }),
    ...(more > 0 ? [['endpoint', `${count(more)} more, in --json`] as const] : []),
  ];
}

function placeLines({ mongodb, mysql }: WorkerStatus): readonly Line[] {
  const { servers, database, collection, stateDatabase } = mongodb;
  return [
    ['collection', `${database}.${collection}, MongoDB at ${servers.join(', ')}`],
    ['state', `${stateDatabase}.notify_on_delivery_*, on the same servers`],
    ['settings', `${mysql.database}, MySQL at ${mysql.server}`],
  ];
}

function modeText({ topic, topicWorkers }: WorkerStatus): string {
  if (topic !== null) {
    const { group, brokers } = topic;
    return `consumer group ${group} of topic ${topic.topic}, Kafka at ${brokers.join(', ')}`;
  }
  return topicWorkers === 0
    ? 'change stream'
    : 'change stream here, but workers are active on a topic: set KAFKA_BROKERS and KAFKA_TOPIC here too';
}

/** From before the workers took statuses from the topic. */
function formerLines({ checkpoints }: WorkerStatus, page: Page): readonly Line[] {
  return checkpoints.map((checkpoint): Line => {
    return ['checkpoint', `${checkpointText(checkpoint, page)} of the change stream, not moved on`];
  });
}

function checkpointLines({ checkpoints }: WorkerStatus, page: Page): readonly Line[] {
  if (checkpoints.length === 0) return [['checkpoint', 'none: no worker has run yet']];
  return checkpoints.flatMap((checkpoint): readonly Line[] => {
    const { lagSeconds, oplogHeadroomSeconds } = checkpoint;
    return [
      ['checkpoint', checkpointText(checkpoint, page)],
      ['lag', lagSeconds === null ? 'unknown' : duration(1_000 * lagSeconds)],
      [
        'oplog headroom',
        oplogHeadroomSeconds === null
          ? 'unknown (no privilege to read local.oplog.rs)'
          : duration(1_000 * oplogHeadroomSeconds),
      ],
    ];
  });
}

function checkpointText(
  { partition, at, unreadable }: Row<'checkpoints'>,
  { moment }: Page,
): string {
  if (unreadable !== undefined) return `${partition} unreadable: ${unreadable}`;
  return at === null ? 'none' : `${moment(at)}, partition ${partition}`;
}

function holderLines({ topic, leases, topicWorkers }: WorkerStatus, page: Page): readonly Line[] {
  if (topicWorkers > 0) {
    return [['worker', `${several(topicWorkers, 'worker')} active on the topic`]];
  }
  const relevant =
    topic === null
      ? leases
      : leases.filter(({ isHeld, unreadable }) => isHeld || unreadable !== undefined);
  if (relevant.length === 0) return [['worker', 'none is active']];
  return relevant.map((lease): Line => {
    const text = leaseText(lease, page);
    return [
      'worker',
      topic === null ? text : `${text}; it reads the change stream, so those of the topic stand by`,
    ];
  });
}

function leaseText(
  { partition, worker, isHeld, until, unreadable }: Row<'leases'>,
  { moment }: Page,
): string {
  if (unreadable !== undefined) return `${partition} unreadable: ${unreadable}`;
  return isHeld && until !== null
    ? `${worker ?? '?'} is active on partition ${partition}, until ${moment(until)}`
    : `none is active on partition ${partition}`;
}

function gapText({ id, from, to, recovered, unreadable }: Row<'gaps'>, { at }: Page): string {
  if (unreadable !== undefined) return `${id} unreadable: ${unreadable}`;
  return `${at(from)} to ${at(to)}, ${several(recovered, 'status')} recovered`;
}

const instants: ReadonlySet<string> = new Set(['since', 'until']);

function jobText(job: Row<'jobs'>, page: Page): string {
  const { kind, state, counts, startedAt, updatedAt, arguments: given } = job;
  const queued = (counts['queued'] ?? 0) + (counts['queued_before'] ?? 0);
  const words = Object.entries(given).flatMap(([name, value]) => {
    const time = new Date(value);
    const isTime = instants.has(name) && !Number.isNaN(time.getTime());
    return [`--${name}`, isTime ? page.at(time) : value];
  });
  const lines: readonly Line[] = [
    ['job', `${kind ?? '?'}, ${state ?? '?'}, ${count(queued)} queued`],
    ['started', page.at(startedAt)],
    ['updated', page.at(updatedAt)],
  ];
  const goesOn = state === 'finished' ? 'It ran as' : 'To resume it';
  const command = page.command(['npm', 'run', 'cli', '--', kind ?? '?', ...words]);
  return `${page.list(lines)}\n${goesOn}:\n${command}`;
}
