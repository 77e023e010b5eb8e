import { randomUUID } from 'node:crypto';
import { until } from '../../support/until.ts';
import { readMetrics } from '../../support/readMetrics.ts';
import type { Fault } from '../fault.ts';
import { pathOf } from '../load.ts';
import { play, type Scene } from '../play.ts';
import {
  poisonedAccount,
  writeUndecodable,
  writeUnsendable,
  writeWithOddHistory,
} from '../poisonDocuments.ts';
import { plantRows, type Planted, type Rows } from '../poisonRows.ts';
import { shortLease } from '../stage.ts';
import { untilCheckpointPasses } from './mysqlErrors.ts';

/** Fails for a moment, so that rows of it wait beside those that can't be read. */
const troubled = 4;
const patience = { timeoutMs: 30_000, intervalMs: 50 } as const;
/** Goes through all there is by then, thousands of documents in the long form. */
const searching = { timeoutMs: 150_000, intervalMs: 50 } as const;

export const poison: Fault = {
  name: 'poison',
  description: 'documents, events and rows that nobody can read come between all the others',
  async run(context) {
    const { isLong, log } = context;
    return await play(context, { name: this.name, settings: shortLease }, async (scene) => {
      for (let round = 1; round <= (isLong ? 8 : 1); round += 1) {
        log(`poison, dose ${round}`);
        const before = await countsOf(scene);
        const { unsendable, planted } = await poisonAll(scene);
        await untilOverIt(planted, scene);
        await untilCounted(before, { unsendable, unreadable: planted.unreadable.length }, scene);
        if (!isLong) continue;
        log('poison, and kill -9 in the midst of it');
        const more = await poisonAll(scene);
        await scene.work(0, 1_000);
        await scene.workers.at(-1)?.kill();
        await scene.countAtRisk();
        await scene.worker();
        await untilOverIt(more.planted, scene);
      }
      await scene.load.pause();
      await onlyOwedAreNotified(scene);
    });
  },
};

const rowsOf = ({ db }: Scene): Rows => db.collection('notify_on_delivery_retries');

async function poisonAll(scene: Scene): Promise<{ unsendable: number; planted: Planted }> {
  const { sms, db, load, receiver } = scene;
  receiver.answer(pathOf(troubled), () => ({ status: 500 }));
  const unsendable = await writeUnsendable(sms);
  const notified = [
    ...(await writeUndecodable(sms)),
    ...(await writeWithOddHistory(sms, db.collection('notify_on_delivery_sent'))),
  ];
  for (const id of notified) load.owed.set(`${id}:DELIVERED`, poisonedAccount);
  const waiting = { accountId: troubled, attempts: { $gt: 0 }, claim: { $exists: false } };
  const row = await until('a row waits', async () => await rowsOf(scene).findOne(waiting));
  const planted = await plantRows(rowsOf(scene), row);
  receiver.answer(pathOf(troubled), () => ({}));
  await putDownGap(scene);
  return { unsendable, planted };
}

/** As wide as all that was written. */
async function putDownGap({ db }: Scene): Promise<void> {
  const now = Date.now();
  const span = { from: new Date(now - 3_600_000), to: new Date(now), createdAt: new Date(now) };
  const fresh = { step: 0, progress: null, recovered: 0, unplaceable: 0 };
  const gaps = db.collection<{ _id: string }>('notify_on_delivery_gaps');
  await gaps.insertOne({ _id: randomUUID(), ...span, ...fresh });
}

async function untilOverIt({ unreadable, expired }: Planted, scene: Scene): Promise<void> {
  const { db, ledger } = scene;
  const rows = rowsOf(scene);
  const putAside = { _id: { $in: [...unreadable] }, unreadable: { $type: 'string' } } as const;
  const isPutAside = async (): Promise<boolean> =>
    (await rows.countDocuments(putAside)) === unreadable.length;
  await until('all rows that can not be read are put aside', isPutAside, patience);
  // Nothing is to wait in durable state in the end.
  await rows.deleteMany({ _id: { $in: [...unreadable] } });
  const haveEnded = (): boolean => expired.every((id) => ledger.seenAt.has(id));
  await until('those that are too old have ended', haveEnded, patience);
  const gaps = db.collection('notify_on_delivery_gaps');
  const isSearched = async (): Promise<boolean> => (await gaps.countDocuments()) === 0;
  await until('the gap is searched', isSearched, searching);
  await untilCheckpointPasses(new Date(), scene);
  await scene.untilNotified();
}

interface Counts {
  readonly unsendable: number;
  readonly unreadable: number;
}

async function countsOf({ workers }: Scene): Promise<Counts> {
  const worker = workers.at(-1);
  if (worker === undefined) throw new Error('no worker was started');
  const metrics = await readMetrics(worker);
  const count = (series: string): number => metrics.get(series) ?? 0;
  return {
    unsendable: count('notifications_total{state="skipped",reason="unusable_document"}'),
    unreadable: count('unreadable_rows_total{collection="notify_on_delivery_retries"}'),
  };
}

/** The worker counts so many more at least: an event that is read again is counted again. */
async function untilCounted(before: Counts, more: Counts, scene: Scene): Promise<void> {
  const areCounted = async (): Promise<boolean> => {
    const now = await countsOf(scene);
    return (
      now.unsendable >= before.unsendable + more.unsendable &&
      now.unreadable >= before.unreadable + more.unreadable
    );
  };
  await until('they are counted', areCounted, patience);
}

async function onlyOwedAreNotified({ receiver, load }: Scene): Promise<void> {
  const others = receiver.calls.filter(({ notificationId }) => !load.owed.has(notificationId));
  if (others.length > 0) throw new Error(`${others.length} calls of what nobody owes`);
}
