import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const HOUR_MS = 3_600_000;
const jumpingClock = new URL('../faults/jumpingClock.mjs', import.meta.url).href;

let folder = '';
let worker: WorkerProcess;
let account = 0;

beforeEach(async () => {
  account += 1;
  folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-clock-'));
  await e2e().central.optIn(account, account, { url: e2e().receiver.url(`/${account}`) });
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function setClock(hours: number): Promise<void> {
  const file = join(folder, 'offset');
  await writeFile(`${file}.new`, String(hours * HOUR_MS));
  await rename(`${file}.new`, file);
}

/** Sets it in progress. */
async function jumpTo(hours: number): Promise<void> {
  await setClock(hours);
  const isSet = (): boolean => {
    const shown = Date.parse(worker.lines.at(-1)?.timestamp ?? '') - Date.now();
    return Math.abs(shown - hours * HOUR_MS) < HOUR_MS / 2;
  };
  await until('it shows in the log', isSet);
}

async function startAt(hours: number): Promise<void> {
  await setClock(hours);
  worker = await e2e().worker({
    NODE_OPTIONS: `--import=${jumpingClock}`,
    CLOCK_OFFSET_FILE: join(folder, 'offset'),
    QUICK_RETRIES: '',
    RETRY_SCHEDULE: Array.from({ length: 60 }, () => '500ms').join(','),
    BREAKER_COOLDOWN: '500ms',
  });
}

const path = (): string => `/${account}`;
const calls = () => e2e().receiver.requests(path());

async function write(count: number): Promise<readonly string[]> {
  const status = { accountID: account, flowId: account, deliveryStatus: 'DELIVERED' };
  const documents = Array.from({ length: count }, () => newSms(status));
  await e2e().sms.insertMany(documents);
  return documents.map(({ _id }) => _id);
}

const ends = async (ids: readonly string[]): Promise<unknown[]> =>
  await Promise.all(
    ids.map(async (id) => await e2e().record(id, ({ state }) => state !== 'retrying')),
  );

// 36 hours is what a notification may wait.
it.each([
  ['40 hours ahead', 0, 40],
  ['back to the right time after 80 hours behind', -80, 0],
])('ends nothing that waits when it jumps: %s', async (_what, before, after) => {
  let isBack = false;
  e2e().receiver.answer(path(), () => (isBack ? {} : { status: 503 }));
  await startAt(before);
  const ids = await write(5);
  await until('all wait', () => calls().length >= 5);
  await jumpTo(after);
  const soFar = calls().length;
  const sent = e2e().servers.db.collection('notify_on_delivery_sent');
  const hasEnded = async (): Promise<boolean> =>
    (await sent.countDocuments({ sms: { $in: [...ids] } })) > 0;
  await until(
    'some were called again',
    async () => calls().length > soFar + 1 || (await hasEnded()),
  );
  isBack = true;
  for (const record of await ends(ids)) expect(record).toMatchObject({ state: 'delivered' });
});

it.each([-80, 40])(
  'is not what anything is remembered or signed by: %i hours off',
  async (hours) => {
    await startAt(hours);
    const ids = await write(3);
    for (const record of await ends(ids)) {
      const { lastAttemptAt } = record as { lastAttemptAt: Date };
      expect(Math.abs(Number(lastAttemptAt) - Date.now())).toBeLessThan(HOUR_MS);
    }
    for (const { headers } of calls()) {
      expect(Math.abs(Number(headers['webhook-timestamp']) * 1_000 - Date.now())).toBeLessThan(
        HOUR_MS,
      );
    }
    const sent = e2e().servers.db.collection('notify_on_delivery_sent');
    const remembered = { $subtract: ['$expireAt', '$$NOW'] };
    const rows = await sent
      .aggregate([{ $match: { sms: { $in: [...ids] } } }, { $project: { remembered } }])
      .toArray();
    expect(rows).toHaveLength(3);
    for (const row of rows) {
      expect(Math.abs(Number(row['remembered']) - 72 * HOUR_MS)).toBeLessThan(HOUR_MS);
    }
  },
);
