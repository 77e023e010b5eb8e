import { besideConsole, consoleStates, type ConsoleState } from '../besideConsole.ts';
import { measure, type Plan } from '../measure.ts';
import { target } from '../report.ts';
import { inRounds, latencyPlot, notesOn, rowsToText, type Row } from '../rows.ts';
import type { Scenario } from '../scenario.ts';
import { ratioOf } from '../statistics.ts';
import { ratio, table } from '../text.ts';

const PER_SECOND = 200;
const TAIL_MS = 5_000;

/** Whatever becomes of the console, no customer may wait for it. */
export const besideConsoles: Scenario = {
  name: 'console',
  title: 'the worker beside a console that is visited, frozen or killed',
  async run(lab) {
    const seconds = lab.isQuick ? 5 : 20;
    const plan: Plan = {
      count: seconds * PER_SECOND,
      limitMs: seconds * 1_000 + TAIL_MS,
      delayMs: 0,
      perSecond: PER_SECOND,
    };
    const states = Object.keys(consoleStates) as readonly ConsoleState[];
    const contenders = states.map((state) => besideConsole(lab.receiver, state));
    const rows = await inRounds(
      lab,
      contenders.map((contender) => ({
        ...contender,
        measure: async () => await measure(lab, contender, plan),
      })),
    );
    const ratios = ratiosOf(rows);
    const p99 = (state: ConsoleState): number | null =>
      ratios.find(({ name }) => name === `console-${state}`)?.p99 ?? null;
    return {
      text: [
        `${PER_SECOND} statuses a second, 20 endpoints that answer at once.`,
        rowsToText(rows),
        table(
          ['against no console', 'p50', 'p99', 'CPU', 'mongod'],
          ratios.map((each) => [
            each.label,
            ...[each.p50, each.p99, each.cpuUs, each.mongodCpuUs].map(ratio),
          ]),
        ),
        ...notesOn(rows),
      ].join('\n\n'),
      data: { plan, rows, ratios },
      plots: [latencyPlot(rows)],
      targets: [
        target('p99, console frozen / none', p99('frozen'), '≤ 1.2 ×'),
        target('p99, console killed / none', p99('killed'), '≤ 1.2 ×'),
        target('p99, 100 requests at once / none', p99('busy'), '≤ 1.2 ×'),
      ],
    };
  },
};

function ratiosOf(rows: readonly Row[]) {
  const [none, ...others] = rows;
  if (none === undefined) return [];
  return others.map((row) => ({
    name: row.name,
    label: row.label,
    p50: ratioOf(row.latencyMs?.p50 ?? null, none.latencyMs?.p50 ?? null),
    p99: ratioOf(row.latencyMs?.p99 ?? null, none.latencyMs?.p99 ?? null),
    cpuUs: ratioOf(row.cpuUs, none.cpuUs),
    mongodCpuUs: ratioOf(row.mongodCpuUs, none.mongodCpuUs),
  }));
}
