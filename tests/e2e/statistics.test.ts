import { expect, it } from '@jest/globals';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import {
  findAllSpans,
  findSpansOfAccount,
  type StoredSpan,
} from '../../src/mongo/endpointStats.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';
import { untilReadable } from '../support/writtenStats.ts';

const e2e = useEndToEnd(import.meta.url, { readsOplog: true });
const rows = () => stateCollections(e2e().servers.db).endpointStats;
const query = { since: new Date(Date.now() - 3_600_000), limit: 100, stepMs: 300_000 };

/** As if all had happened in one span. */
function sum(spans: readonly StoredSpan[]) {
  const total = (figure: (span: StoredSpan) => number): number =>
    spans.reduce((sofar, span) => sofar + figure(span), 0);
  return {
    delivered: total(({ delivered }) => delivered),
    failed: total(({ failed }) => failed),
    skipped: total(({ skipped }) => skipped),
    calls: total(({ calls }) => calls),
    answered200: total(({ attempts }) => attempts['2xx'] ?? 0),
    answered500: total(({ attempts }) => attempts['5xx'] ?? 0),
  };
}

async function tell(fields: Readonly<Record<string, unknown>>): Promise<string> {
  const sms = newSms(fields);
  await e2e().sms.insertOne(sms);
  await setStatus(e2e().sms, sms._id, 'DELIVERED');
  return sms._id;
}

it('a worker writes what happened at each endpoint: while it runs, and the rest when it stops', async () => {
  const { central, receiver, record } = e2e();
  receiver.answer('/bad', { status: 500 });
  const quick = { accountID: 1, flowId: 10 };
  const bad = { accountID: 2, flowId: 20 };
  await central.optIn(1, 10, { url: receiver.url('/quick?key=not-to-be-shown') });
  await central.optIn(2, 20, { url: receiver.url('/bad') });
  await central.setAccount(3, 'true');
  const worker = await e2e().worker({ QUICK_RETRIES: '100ms', RETRY_SCHEDULE: '' });
  const ids = [await tell(quick), await tell(quick), await tell(bad)];
  ids.push(await tell({ accountID: 3, flowId: 30 }));
  for (const id of ids) await record(id);
  await record(ids[2] ?? '', ({ state }) => state === 'failed');
  const expected = {
    delivered: 2,
    failed: 1,
    skipped: 1,
    calls: 4,
    answered200: 2,
    answered500: 2,
  };
  await until('it is written', async () => {
    const all = sum(await findAllSpans(rows(), query));
    return all.delivered === 2 && all.failed === 1 && all.skipped === 1;
  });
  expect(sum(await findAllSpans(rows(), query))).toEqual(expected);

  await record(await tell(quick));
  await worker.stop();
  await untilReadable(stateCollections(e2e().servers.db));
  expect(sum(await findAllSpans(rows(), query))).toEqual({
    ...expected,
    ...{ delivered: 3, calls: 5, answered200: 3 },
  });
  const ofQuick = await findSpansOfAccount(rows(), 1, query);
  expect(sum(ofQuick)).toMatchObject({ delivered: 3, failed: 0, calls: 3 });
  expect(new Set(ofQuick.map(({ url }) => url))).toEqual(new Set([receiver.url('/quick')]));
  expect(sum(await findSpansOfAccount(rows(), 2, query))).toMatchObject({ failed: 1, calls: 2 });
  expect(sum(await findSpansOfAccount(rows(), 3, query))).toMatchObject({ skipped: 1, calls: 0 });
  expect(worker.lines.filter(({ event }) => event === 'database_retry')).toEqual([]);
});
