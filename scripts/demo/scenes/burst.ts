import { availableParallelism } from 'node:os';
import { percentilesOf } from '../../bench/statistics.ts';
import { newSms, setStatus, type SmsDocument } from '../../harness/smsPlatform.ts';
import { count } from '../narrator.ts';
import type { BurstFigures } from '../report.ts';
import type { Scene, SceneTools } from '../scene.ts';

const STATUSES = 1_000;
/** Not measured: until then code is compiled, connections are made and files grow. */
const WARM_UP = 1_000;
const WRITERS = 16;
const PATIENCE_MS = 60_000;
const path = '/hooks/34';

export const burst: Scene = {
  name: 'burst',
  title: `A burst of ${count(STATUSES)} statuses`,
  async play(tools) {
    const { stage, narrator, platform, checks, report } = tools;
    await platform.setUp({ accountId: 34, flowId: 206, url: stage.receiver.url(path) });
    narrator.say(
      `${WRITERS} writers set the statuses of ${count(STATUSES)} SMS of account 34 as fast as they can, after ${count(WARM_UP)} that are not measured.`,
    );
    await deliverMany(WARM_UP, tools);
    const measured = await deliverMany(STATUSES, tools);

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
    const wanted = new Set(measured.map((id) => `${id}:DELIVERED`));
    const called = stage.receiver
      .requests(path)
      .map(({ headers }) => String(headers['webhook-id']))
      .filter((id) => wanted.has(id));
    checks.equal(
      `${count(STATUSES)} calls, one for each status and none twice.`,
      { calls: called.length, distinct: new Set(called).size },
      { calls: STATUSES, distinct: STATUSES },
    );
    const what = `${count(STATUSES)} records say: delivered, at the first attempt.`;
    checks.equal(what, records.length, STATUSES);
  },
};

/** Waits until all are called and recorded, or for as long as that may take; their ids. */
async function deliverMany(
  statuses: number,
  { stage: { receiver, sms }, narrator, waitFor }: SceneTools,
): Promise<string[]> {
  const documents = Array.from({ length: statuses }, () => newSms({ accountID: 34, flowId: 206 }));
  await sms.insertMany(documents);
  const ids = documents.map(({ _id }) => _id);
  const before = receiver.requests(path).length;
  const began = performance.now();
  const areAll = (done: number): boolean =>
    done >= statuses || performance.now() - began > PATIENCE_MS;
  const allCalled = (): boolean => {
    const arrived = receiver.requests(path).length - before;
    const bar = '█'.repeat((40 * arrived) / statuses).padEnd(40, '░');
    const rate = count((1_000 * arrived) / (performance.now() - began));
    narrator.progress(`${bar} ${count(arrived)} of ${count(statuses)} called, ${rate}/s`);
    return areAll(arrived);
  };
  const left = ids.values();
  const writers = Array.from({ length: WRITERS }, async () => {
    for (const id of left) await setStatus(sms, id, 'DELIVERED');
  });
  await Promise.all([...writers, waitFor('the calls', allCalled, 2 * PATIENCE_MS)]);
  const recorded = { _id: { $in: ids }, 'notify_on_delivery.state': 'delivered' };
  const allRecorded = async (): Promise<boolean> => areAll(await sms.countDocuments(recorded));
  await waitFor('the records', allRecorded, 2 * PATIENCE_MS);
  return ids;
}

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
