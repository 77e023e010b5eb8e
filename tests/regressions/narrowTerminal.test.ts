import { beforeAll, describe, expect, it } from '@jest/globals';
import { widthOf } from '../../src/cli/output/table.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import { createDisabledEndpoints } from '../../src/mongo/endpoints.ts';
import { createJobStore } from '../../src/mongo/jobs.ts';
import { runCommand, runInColumns } from '../support/commands.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { untyped } from '../support/untyped.ts';

const e2e = useEndToEnd(import.meta.url);

const displayUrl = `https://customer.example/${'a/long/path/'.repeat(7)}hook`;
const id = '290a4138-5729-475f-95e1-9ff30f851d67-of-a-long-name-that-goes-on:DELIVERED';
const [since, until] = ['2026-01-31T10:00:00.000+05:30', '2026-01-31T12:00:00.000+05:30'];

beforeAll(async () => {
  const state = stateCollections(e2e().sms.db);
  const webhook = { webhookId: '短信-webhook-👍', displayUrl, endpointKey: 'key' };
  await createDisabledEndpoints(state.endpoints).disable(webhook, 28);
  const jobs = createJobStore(state.jobs);
  const span = { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
  const given = { ...span, account: '28', state: 'delivered,failed,skipped' };
  const held = await jobs.begin({ kind: 'replay', arguments: given });
  if (held !== null) await jobs.end(held, 'interrupted');
  const at = new Date();
  await untyped(state.retries).insertOne({
    ...{ _id: id, sms: id.split(':')[0], documentKey: { _id: 'x' }, deliveryStatus: 'DELIVERED' },
    ...{ statusAt: at, accountId: 28, flowId: 200, webhookId: 5, url: displayUrl },
    ...{ acceptedAt: at, nextAttemptAt: new Date(Date.now() + 3_600_000), endpoint: 'x' },
    ...{ log: { begun: 1, firstAttemptAt: at, runningSince: null, last: null, history: [] } },
    body: Buffer.from('{}'),
  });
});

/** As a person copies it, a shell's continued lines put together. */
function joined(text: string): string {
  return text.replaceAll('\r', '').replaceAll(/ \\\n +/g, ' ');
}

const resume = `npm run cli -- replay --since ${since} --until ${until} --account 28 --state delivered,failed,skipped`;

// Every table was 80 columns wide, and cut its widest cell: the URL, the id, the arguments of a job.
describe.each([80, 160, null])('in a terminal of %p columns (null: none)', (columns) => {
  const show = async (...args: readonly string[]): Promise<string> => {
    const { settings } = e2e();
    const end =
      columns === null
        ? await runCommand(settings, args)
        : await runInColumns(columns, settings, args);
    expect(end.code).toBe(0);
    expect(end.stdout).not.toContain('…');
    const lines = joined(end.stdout).split('\n');
    // A word that is longer than a line stays whole, so that it can be copied.
    const words = lines.filter((line) => line !== resume && line.trim().split(/\s{2,}/).length > 2);
    if (columns !== null) {
      for (const line of words) expect([line, widthOf(line) <= columns]).toEqual([line, true]);
    }
    return joined(end.stdout);
  };

  it('endpoints list shows webhook and URL', async () => {
    const text = await show('endpoints', 'list');
    expect(text).toContain(displayUrl);
    expect(text).toContain('短信-webhook-👍');
    expect(text).toMatch(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+05:30/);
  });

  it('retries list shows the notification', async () => {
    expect(await show('retries', 'list')).toContain(id);
  });

  it('status shows databases and collection, and with what a job goes on', async () => {
    const text = await show('status');
    const { database, mysqlUri } = e2e().servers;
    expect(text).toMatch(new RegExp(`^collection +${database}\\.SMSDetailDocument, MongoDB`, 'm'));
    expect(text).toMatch(/^state +\S+\.notify_on_delivery_\*, /m);
    expect(text).toMatch(
      new RegExp(`^settings +${new URL(mysqlUri).pathname.slice(1)}, MySQL`, 'm'),
    );
    expect(text).toContain(resume);
  });
});

it('machines are told times in UTC', async () => {
  const { settings } = e2e();
  const text = (await runCommand(settings, ['endpoints', 'list', '--json'])).stdout;
  expect(text).toMatch(/"disabledAt":"[-\dT:.]+Z"/);
});
