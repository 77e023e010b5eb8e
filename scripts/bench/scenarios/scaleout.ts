import { kafkaLack } from '../../services/kafka/kafkaLack.ts';
import type { Contender } from '../contender.ts';
import { WORKER, workerContender } from '../contenders.ts';
import { groupContender } from '../groupContender.ts';
import type { Lab } from '../lab.ts';
import { measure, type Plan } from '../measure.ts';
import { target, type Target } from '../report.ts';
import { inRounds, latencyPlot, latencyValues, notesOn, ratePlot, type Row } from '../rows.ts';
import type { Scenario } from '../scenario.ts';
import { ratioOf } from '../statistics.ts';
import { figure, ratio, table, whole } from '../text.ts';

const GROUPS = [1, 2] as const;
const PER_SECOND = 200;
const LABEL_WIDTH = 16;
/** With fewer statuses, most of the CPU time would be that of compilers, here also Java's. */
const QUICK_WARM_UP = 2_000;

/** What it costs to take statuses from a topic, and what a second worker adds. */
export const scaleout: Scenario = {
  name: 'scaleout',
  title: 'the change stream against a Kafka topic with 1 and 2 workers',
  lacks: kafkaLack,
  async run(lab) {
    const fast = await measureAll(lab, 'at full speed', atFullSpeed(lab));
    const paced = await measureAll(lab, `${PER_SECOND} a second`, atPace(lab));
    return {
      text: [
        `Statuses as fast as MongoDB accepts them:\n${scaleoutToText(fast)}`,
        `${PER_SECOND} statuses a second:\n${scaleoutToText(paced)}`,
      ].join('\n\n'),
      data: { atFullSpeed: fast, paced },
      plots: [ratePlot(fast), latencyPlot(paced)],
      targets: targetsOf(fast),
    };
  },
};

async function measureAll(lab: Lab, what: string, plan: Plan): Promise<readonly Row[]> {
  const called = { name: WORKER, label: 'change stream' };
  const subjects: readonly (readonly [contender: Contender, workers: number])[] = [
    [workerContender(lab.receiver, {}, called), 1],
    ...GROUPS.map((workers) => [groupContender(lab.receiver, workers), workers] as const),
  ];
  const warmUp = lab.isQuick ? QUICK_WARM_UP : lab.warmUp;
  return await inRounds(
    { ...lab, log: (text) => lab.log(`${what}, ${text}`) },
    subjects.map(([contender, workers]) => ({
      ...contender,
      // Each worker gets a share of it.
      measure: async () => await measure({ ...lab, warmUp: workers * warmUp }, contender, plan),
    })),
  );
}

function atFullSpeed({ isQuick }: Lab): Plan {
  const [count, limitMs] = isQuick ? [3_000, 15_000] : [20_000, 60_000];
  return { count, limitMs, delayMs: 0, perSecond: null };
}

function atPace({ isQuick }: Lab): Plan {
  const seconds = isQuick ? 3 : 15;
  return {
    count: seconds * PER_SECOND,
    limitMs: seconds * 1_000 + 5_000,
    delayMs: 0,
    perSecond: PER_SECOND,
  };
}

/** The first of the rows is what the others are compared with. */
export function scaleoutToText(rows: readonly Row[]): string {
  const [stream, ...groups] = rows;
  const figures = rows.map((row) => [
    row.label + (row.isComplete ? '' : '*'),
    ...[row.perSecond, row.cpuUs, row.mongodCpuUs, ...serverValues(row, 'cpuUs')].map(whole),
    ...latencyValues(row.latencyMs).slice(0, 2).map(figure),
    whole(row.peakRssMb),
  ]);
  const against = groups.map((row) => {
    const of = (pick: (row: Row) => number | null): string =>
      ratio(ratioOf(pick(row), stream === undefined ? null : pick(stream)));
    return [
      '  against stream',
      of(({ perSecond }) => perSecond),
      of(({ cpuUs }) => cpuUs),
      of(({ mongodCpuUs }) => mongodCpuUs),
      ...['', ''],
      of(({ latencyMs }) => latencyMs?.p50 ?? null),
      of(({ latencyMs }) => latencyMs?.p99 ?? null),
      of(({ peakRssMb }) => peakRssMb),
    ];
  });
  const headings = ['', 'rate/s', 'CPU µs', 'mongod', 'broker', 'connect', 'p50 ms', 'p99 ms'];
  const lines = figures.flatMap((line, n) => [line, ...against.slice(n - 1, n)]);
  const memory = groups.map((row) => {
    const [broker = null, connector = null] = serverValues(row, 'peakRssMb').map(whole);
    return `${row.label}: RSS of the broker ${broker} MB, of the connector ${connector} MB`;
  });
  return [
    table([...headings, 'RSS MB'], lines, LABEL_WIDTH),
    memory.join('\n'),
    ...notesOn(rows),
  ].join('\n\n');
}

function serverValues({ servers }: Row, of: 'cpuUs' | 'peakRssMb'): readonly (number | null)[] {
  return ['broker', 'connector'].map((name) => servers[name]?.[of] ?? null);
}

export function targetsOf([stream, single]: readonly Row[]): readonly Target[] {
  const measured = ratioOf(single?.cpuUs ?? null, stream?.cpuUs ?? null);
  return [target('CPU of the worker, Kafka × 1 / change stream', measured, '≤ 1.15 ×')];
}
