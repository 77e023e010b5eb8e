import type { WithId } from 'mongodb';
import { newSms, setStatus, type SmsDocument } from '../../harness/smsPlatform.ts';
import { count } from '../layout.ts';
import type { BurstFigures } from '../report.ts';
import type { Scene } from '../scene.ts';

const STATUSES = 1_000;
const WRITERS = 16;
const PATIENCE_MS = 60_000;
const BAR = 40;
const path = '/hooks/34';

export const burst: Scene = {
  name: 'burst',
  title: `A burst of ${count(STATUSES)} statuses`,
  async play({ stage, narrator, setUp, checks, report, waitFor }) {
    const { receiver, sms } = stage;
    await setUp({ accountId: 34, flowId: 206, url: receiver.url(path) }, []);
    const documents = Array.from({ length: STATUSES }, () =>
      newSms({ accountID: 34, flowId: 206 }),
    );
    await sms.insertMany(documents);
    narrator.say(
      `${count(STATUSES)} SMS of account 34 are there; now ${WRITERS} writers set their statuses as fast as they can.`,
    );
    const writing = writeAll(documents, ({ _id }) => setStatus(sms, _id, 'DELIVERED'));
    const deadline = Date.now() + PATIENCE_MS;
    const began = performance.now();
    const isOver = (done: number): boolean => done >= STATUSES || Date.now() > deadline;
    const allCalled = (): boolean => {
      const arrived = receiver.requests(path).length;
      narrator.progress(progressLine(arrived, performance.now() - began));
      return isOver(arrived);
    };
    await Promise.all([writing, waitFor('the calls', allCalled, 2 * PATIENCE_MS)]);
    const delivered = { accountID: 34, 'notify_on_delivery.state': 'delivered' };
    const isRecorded = async (): Promise<boolean> => isOver(await sms.countDocuments(delivered));
    await waitFor('the records', isRecorded, 2 * PATIENCE_MS);

    const records = await sms.find({ ...delivered, 'notify_on_delivery.attempts': 1 }).toArray();
    const figures = figuresOf(records);
    report.burst = figures;
    narrator.lines(
      [
        `${count(figures.perSecond)} notifications per second, written to MongoDB, called and recorded`,
        `from the status in MongoDB to the 2xx: half within ${count(figures.p50Ms)} ms,`,
        `99 of 100 within ${count(figures.p99Ms)} ms, all within ${count(figures.maxMs)} ms`,
      ].join('\n'),
    );
    const ids = receiver.requests(path).map(({ headers }) => headers['webhook-id']);
    checks.equal(
      `${count(STATUSES)} calls, one for each status and none twice.`,
      { calls: ids.length, distinct: new Set(ids).size },
      { calls: STATUSES, distinct: STATUSES },
    );
    checks.equal(
      `${count(STATUSES)} records say: delivered, at the first attempt.`,
      records.length,
      STATUSES,
    );
  },
};

async function writeAll<T>(items: readonly T[], write: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const writer = async (): Promise<void> => {
    for (const item of left) await write(item);
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
}

function progressLine(arrived: number, elapsedMs: number): string {
  const full = Math.min(BAR, Math.round((arrived / STATUSES) * BAR));
  const bar = '█'.repeat(full) + '░'.repeat(BAR - full);
  const rate = count((arrived / Math.max(elapsedMs, 1)) * 1000);
  return `${bar} ${count(arrived)} of ${count(STATUSES)} called, ${rate}/s`;
}

interface Times {
  readonly statusAt: Date;
  readonly lastAttemptAt: Date;
  readonly durationMs: number;
}

function figuresOf(documents: readonly WithId<SmsDocument>[]): BurstFigures {
  const times = documents.map((document) => {
    const { statusAt, lastAttemptAt, durationMs } = document['notify_on_delivery'] as Times;
    return { from: statusAt.getTime(), to: lastAttemptAt.getTime() + durationMs };
  });
  const delays = times.map(({ from, to }) => to - from).toSorted((one, other) => one - other);
  const quantile = (share: number): number => delays[Math.ceil(delays.length * share) - 1] ?? 0;
  const first = Math.min(...times.map(({ from }) => from));
  const last = Math.max(...times.map(({ to }) => to));
  const seconds = Math.max(last - first, 1) / 1000;
  return {
    statuses: times.length,
    seconds,
    perSecond: Math.round(times.length / seconds),
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    maxMs: quantile(1),
  };
}
