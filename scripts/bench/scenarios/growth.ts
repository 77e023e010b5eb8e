import { workerContender } from '../contenders.ts';
import { whole } from '../figures.ts';
import type { Lab } from '../lab.ts';
import { measure, type Plan } from '../measure.ts';
import { ratePlot } from '../rowPlots.ts';
import { figuresOf, inRounds, notesOn, type Row } from '../rows.ts';
import type { Scenario } from '../scenario.ts';
import { ratioOf } from '../statistics.ts';
import { createStock } from '../stock.ts';
import type { Target } from '../targets.ts';

/** Both at full speed. Documents and accounts grow one at a time. */
export const growth: Scenario = {
  name: 'growth',
  title: '10,000 against 1,000,000 documents, 1 against 10,000 accounts',
  async run(lab) {
    const documents = await growing(lab, lab.isQuick ? 100_000 : 1_000_000);
    const accounts = await spreading(lab, lab.isQuick ? 1_000 : 10_000);
    const rows = [...documents, ...accounts];
    return {
      text: [figuresOf(rows), ...notesOn(rows)].join('\n\n'),
      data: { documents, accounts },
      plots: [ratePlot(rows)],
      targets: [against(documents), against(accounts)],
    };
  },
};

const FEW_DOCUMENTS = 10_000;

async function growing(lab: Lab, many: number): Promise<readonly Row[]> {
  const worker = workerContender(lab.receiver);
  const plan = atFullSpeed(lab, FEW_DOCUMENTS - lab.warmUp);
  const stocks = [FEW_DOCUMENTS, many].map((size) => ({ size, stock: createStock(lab, size) }));
  try {
    return await inRounds(
      lab,
      stocks.map(({ size, stock }) => ({
        name: `documents-${size}`,
        label: `${whole(size)} documents`,
        measure: async () => await stock.measure(worker, plan),
      })),
    );
  } finally {
    for (const { stock } of stocks) await stock.clear();
  }
}

/** Several for each account, as over the time for which an answer of MySQL is remembered. */
const STATUSES = 60_000;

async function spreading(lab: Lab, many: number): Promise<readonly Row[]> {
  const worker = workerContender(lab.receiver);
  const plan = atFullSpeed(lab, STATUSES);
  return await inRounds(
    lab,
    [1, many].map((accounts) => ({
      name: `accounts-${accounts}`,
      label: `${whole(accounts)} ${accounts === 1 ? 'account' : 'accounts'}`,
      measure: async () => await measure(lab, worker, plan, accounts),
    })),
  );
}

function atFullSpeed({ isQuick }: Lab, count: number): Plan {
  return {
    count: isQuick ? Math.min(count, 3_000) : count,
    limitMs: isQuick ? 10_000 : 180_000,
    delayMs: 0,
    perSecond: null,
  };
}

function against([few, many]: readonly Row[]): Target {
  return {
    what: `rate, ${many?.label} / ${few?.label}`,
    measured: ratioOf(many?.perSecond ?? null, few?.perSecond ?? null),
    target: '≥ 0.9 ×',
  };
}
