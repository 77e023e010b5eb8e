import { workerContender } from '../contenders.ts';
import type { Lab } from '../lab.ts';
import { inTurn, seed } from '../load.ts';
import { ENDPOINTS, endpoints, measure, measureAt, type Plan } from '../measure.ts';
import type { Measurement } from '../measurement.ts';
import type { Place } from '../places.ts';
import { endpointUrls } from '../receiver.ts';
import { target, type Target } from '../report.ts';
import { inRounds, notesOn, ratePlot, rowsToText, type Row } from '../rows.ts';
import type { Scenario } from '../scenario.ts';
import { ratioOf } from '../statistics.ts';
import { whole } from '../text.ts';

/** Both at full speed. Documents and accounts grow one at a time. */
export const growth: Scenario = {
  name: 'growth',
  title: '10,000 against 1,000,000 documents, 1 against 10,000 accounts',
  async run(lab) {
    const documents = await growing(lab, lab.isQuick ? 100_000 : 1_000_000);
    const accounts = await spreading(lab, lab.isQuick ? 1_000 : 10_000);
    const rows = [...documents, ...accounts];
    return {
      text: [rowsToText(rows), ...notesOn(rows)].join('\n\n'),
      data: { documents, accounts },
      plots: [ratePlot(rows)],
      targets: [against(documents), against(accounts)],
    };
  },
};

const FEW_DOCUMENTS = 10_000;

async function growing(lab: Lab, many: number): Promise<readonly Row[]> {
  const plan = atFullSpeed(lab, FEW_DOCUMENTS - lab.warmUp);
  const stocks = [FEW_DOCUMENTS, many].map((size) => ({
    name: `documents-${size}`,
    label: `${whole(size)} documents`,
    ...createStock(lab, size, plan),
  }));
  try {
    return await inRounds(lab, stocks);
  } finally {
    for (const { clear } of stocks) await clear();
  }
}

/** A collection of so many SMS, that the worker's measurements take theirs from. */
function createStock(lab: Lab, documents: number, plan: Plan) {
  let place: Place | null = null;
  let unused: string[] = [];
  const clear = async (): Promise<void> => {
    await place?.[Symbol.asyncDispose]();
    place = null;
  };
  const renew = async (): Promise<Place> => {
    await clear();
    place = await lab.openPlace(endpointUrls(lab.receiver, ENDPOINTS));
    unused = shuffled(await seed(place.sms, inTurn(endpoints(ENDPOINTS), documents)));
    return place;
  };
  return {
    /** On SMS that no measurement has had, from all over the collection. A new one is made when it runs out. */
    async measure(): Promise<Measurement> {
      const wanted = lab.warmUp + plan.count;
      const at = place === null || unused.length < wanted ? await renew() : place;
      const contender = workerContender(lab.receiver);
      return await measureAt(at, unused.splice(0, wanted), { lab, contender, plan });
    },
    clear,
  };
}

function shuffled(ids: readonly string[]): string[] {
  const keyed = ids.map((id) => ({ id, key: Math.random() }));
  return keyed.sort((one, other) => one.key - other.key).map(({ id }) => id);
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
  const rate = ratioOf(many?.perSecond ?? null, few?.perSecond ?? null);
  return target(`rate, ${many?.label} / ${few?.label}`, rate, '≥ 0.9 ×');
}
