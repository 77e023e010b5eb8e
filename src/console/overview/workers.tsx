import { count, duration, several, type Times } from '../../support/words.ts';
import type { WorkerStatus } from '../../support/workerStatus.ts';
import { Badge, Facts, Section, Time } from '../components/parts.tsx';

/** Who works, how far they are, and what waits. */
export function Workers({ of, times }: { of: WorkerStatus; times: Times }) {
  const { retries, topic } = of;
  return (
    <Section title="Workers" id="workers">
      <Facts
        of={[
          ...workersOf(of, times),
          ...(topic === null ? checkpointsOf(of, times) : partitionsOf(topic, times)),
          ...of.gaps.map(
            ({ from, to, recovered }) =>
              [
                'gap',
                `${times.at(from)} to ${times.at(to)}, ${several(recovered, 'status')} recovered so far`,
              ] as const,
          ),
          [
            'retries',
            `${count(retries.pending)} waiting, ${count(retries.blocked)} of them for an endpoint that is not called; the oldest of the others is ${
              retries.oldestOverdueSeconds === 0
                ? 'not due yet'
                : `overdue by ${duration(1_000 * retries.oldestOverdueSeconds)}`
            }`,
          ],
        ]}
      />
    </Section>
  );
}

function workersOf({ leases, standbys, topicWorkers }: WorkerStatus, times: Times) {
  const active = <Badge tone="good">active</Badge>;
  const held = leases.filter(({ isHeld }) => isHeld);
  const none = held.length === 0 && topicWorkers === 0;
  return [
    ...(topicWorkers > 0
      ? [
          [
            'worker',
            <>
              {active} {several(topicWorkers, 'worker')} of the topic
            </>,
          ] as const,
        ]
      : []),
    ...held.map(
      ({ worker }) =>
        [
          'worker',
          <>
            {active} {worker ?? '?'}
          </>,
        ] as const,
    ),
    ...(none ? [['worker', <Badge tone="bad">none is active</Badge>] as const] : []),
    ...standbys.map(
      ({ worker, seenAt }) =>
        [
          'worker',
          <>
            <Badge tone="off">stands by</Badge> {worker}, seen <Time at={seenAt} times={times} />
          </>,
        ] as const,
    ),
  ];
}

function checkpointsOf({ checkpoints }: WorkerStatus, times: Times) {
  return checkpoints.map(({ at, lagSeconds, unreadable }) => {
    if (unreadable !== undefined) return ['checkpoint', `unreadable: ${unreadable}`] as const;
    const ago = lagSeconds === null ? '' : `, ${duration(1_000 * lagSeconds)} ago`;
    return [
      'checkpoint',
      <>
        <Time at={at} times={times} />
        {ago}
      </>,
    ] as const;
  });
}

function partitionsOf({ partitions }: NonNullable<WorkerStatus['topic']>, times: Times) {
  return partitions.map(
    ({ partition, lag, acknowledgedAt, worker }) =>
      [
        `partition ${partition}`,
        <>
          {lag === null ? 'messages left: not known' : `${several(lag, 'message')} left`},
          everything until <Time at={acknowledgedAt} times={times} /> acknowledged
          {worker === null ? '' : ` by ${worker}`}
        </>,
      ] as const,
  );
}
