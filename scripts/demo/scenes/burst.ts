import { availableParallelism } from 'node:os';
import { percentilesOf } from '../../bench/statistics.ts';
import type { SmsDocument } from '../../harness/smsPlatform.ts';
import { callsFor, deliverMany, WRITERS } from '../deliverMany.ts';
import { count } from '../narrator.ts';
import type { BurstFigures } from '../report.ts';
import type { Scene } from '../scene.ts';

const STATUSES = 1_000;
/** Not measured: until then code is compiled, connections are made and files grow. */
const WARM_UP = 1_000;
const account = { accountId: 34, flowId: 206, path: '/hooks/34' };

export const burst: Scene = {
  name: 'burst',
  title: `A burst of ${count(STATUSES)} statuses`,
  async play(tools) {
    const { stage, narrator, platform, checks, report } = tools;
    await platform.setUp({ ...account, url: stage.receiver.url(account.path) });
    narrator.say(
      `${WRITERS} writers set the statuses of ${count(STATUSES)} SMS of account 34 as fast as they can, after ${count(WARM_UP)} that are not measured.`,
    );
    await deliverMany(WARM_UP, account, tools);
    const measured = await deliverMany(STATUSES, account, tools);

    const state = { 'notify_on_delivery.state': 'delivered', 'notify_on_delivery.attempts': 1 };
    const records = await stage.sms.find({ _id: { $in: measured }, ...state }).toArray();
    const figures = figuresOf(records);
    report.burst = figures;
    narrator.lines(
      [
        `${count(figures.perSecond)} notifications per second, written to MongoDB, called and recorded`,
        `from the status in MongoDB to the 2xx: half within ${count(figures.p50Ms)} ms,`,
        `99 of 100 within ${count(figures.p99Ms)} ms, all within ${count(figures.maxMs)} ms`,
      ].join('\n'),
    );
    narrator.say(
      `This is for everything together on ${availableParallelism()} cores: the writers, MongoDB, MariaDB, the worker, the receiver and this demo. The worker alone is measured in docs/performance.md.`,
    );
    checks.equal(
      `${count(STATUSES)} calls, one for each status and none twice.`,
      callsFor(measured, account.path, tools),
      { calls: STATUSES, distinct: STATUSES },
    );
    const what = `${count(STATUSES)} records say: delivered, at the first attempt.`;
    checks.equal(what, records.length, STATUSES);
  },
};

function figuresOf(documents: readonly SmsDocument[]): BurstFigures {
  const times = documents.map((document) => {
    const record = document['notify_on_delivery'] as Record<'statusAt' | 'lastAttemptAt', Date> & {
      readonly durationMs: number;
    };
    const { statusAt, lastAttemptAt, durationMs } = record;
    return { from: statusAt.getTime(), to: lastAttemptAt.getTime() + durationMs };
  });
  const delays = times.map(({ from, to }) => to - from);
  const { p50 = 0, p99 = 0 } = percentilesOf(delays) ?? {};
  const [first, last] = [times.map(({ from }) => from), times.map(({ to }) => to)];
  const seconds = Math.max(Math.max(...last) - Math.min(...first), 1) / 1000;
  const perSecond = Math.round(times.length / seconds);
  const maxMs = Math.max(...delays, 0);
  return { statuses: times.length, seconds, perSecond, p50Ms: p50, p99Ms: p99, maxMs };
}
