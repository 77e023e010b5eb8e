import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { cliWith, type CliEnd } from '../support/cli.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { readMetrics } from '../support/readMetrics.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const ACCOUNT = 28;
const FLOW = 200;
const MANY = 40;

const command = async (...args: readonly string[]): Promise<CliEnd> =>
  await cliWith(e2e().settings, ...args);
const words = ({ stdout }: CliEnd): string => stdout.replaceAll(/\s+/g, ' ');

let worker: WorkerProcess;
let ids: readonly string[] = [];
let webhookId = 0;

/** What everything that names it must say. */
const open = {
  kind: 'breaker_open',
  accountId: ACCOUNT,
  url: expect.stringMatching(/\/failing$/),
  since: expect.any(String),
  failures: expect.any(Number),
  lastStatusCode: 500,
  lastError: null,
  nextProbeAt: expect.any(String),
  waiting: MANY,
};

beforeAll(async () => {
  const { central, receiver, sms } = e2e();
  await central.optIn(ACCOUNT, FLOW, { url: receiver.url('/failing?key=not-to-be-shown') });
  webhookId = await central.setDefaultWebhook(ACCOUNT, {
    url: receiver.url('/failing?key=not-to-be-shown'),
  });
  receiver.answer('/failing', { status: 500, body: 'out of order' });
  worker = await e2e().worker({
    QUICK_RETRIES: '',
    RETRY_SCHEDULE: '1s,1s,1s,1h',
    BREAKER_COOLDOWN: '1h',
  });
  const documents = Array.from({ length: MANY }, () =>
    newSms({ accountID: ACCOUNT, flowId: FLOW, deliveryStatus: 'DELIVERED' }),
  );
  ids = documents.map(({ _id }) => _id);
  await sms.insertMany(documents);
  const retries = e2e().servers.db.collection('notify_on_delivery_retries');
  await until('all wait, due since a second', async () => {
    const dueBefore = new Date(Date.now() - 1_000);
    return (await retries.countDocuments({ nextAttemptAt: { $lt: dueBefore } })) === MANY;
  });
}, 120_000);

describe('an endpoint that answers 500, with 40 waiting', () => {
  // The alert RetriesOverdue fired, and said that no worker works or no slot is free.
  it('counts them as blocked, and none as overdue', async () => {
    await until('it is blocked', async () => {
      const figures = await readMetrics(worker);
      return figures.get('retries_blocked') === MANY && figures.get('breakers_open') === 1;
    });
    expect((await readMetrics(worker)).get('retries_oldest_overdue_seconds')).toBe(0);
  });

  // No line of the log said so.
  it('is reported in the log, once', async () => {
    const line = await worker.line('breaker_opened');
    expect(line).toMatchObject({ level: 'warn', accountId: ACCOUNT, webhookId });
    expect(line).toMatchObject({ lastStatusCode: 500, lastError: null });
    for (const name of ['since', 'nextProbeAt']) expect(line[name]).toEqual(expect.any(String));
    expect(worker.lines.filter(({ event }) => event === 'breaker_opened')).toHaveLength(1);
    expect(worker.output()).not.toContain('not-to-be-shown');
  });

  // "Nothing is broken."
  it.each([
    ['of all', 'endpoints', []],
    ['of the account', 'endpoint', ['--account', '28']],
    ['of the flow', 'endpoint', ['--account', '28', '--flow', '200']],
  ])('is what check finds broken: %s', async (_what, link, args) => {
    const end = await command('check', ...args);
    expect(end.code).toBe(1);
    expect(words(end)).toContain(`The first broken link is "${link}".`);
    expect(words(end)).toMatch(/its breaker has been open since .*HTTP 500; the next probe is at/);
    expect(words(end)).toContain('40 notifications wait there');
    const { broken } = (await command('check', ...args, '--json')).json();
    expect(broken).toBe(link);
  });

  // "It waits for attempt 2, due 1 min 32 s ago."
  it('is why each of them waits, says explain', async () => {
    const end = await command('explain', ids[0] ?? '', '--json');
    expect(end.json()).toMatchObject({
      explanation: expect.stringMatching(/^It waits for attempt \d\. .*its breaker has been open/),
      route: { blocked: { ...open, webhookId } },
      parked: [{ blocked: { ...open, webhookId } }],
    });
    expect(String(end.json()['explanation'])).toMatch(/HTTP 500.*next probe is at.*40 .* wait/);
    const text = await command('explain', ids[0] ?? '');
    expect(text.stdout).not.toContain('not-to-be-shown');
    expect(words(text)).toContain('when its breaker closes');
  });

  // "Nothing is waiting."
  it('stands in the way of retries run, which says so', async () => {
    const end = await command('retries', 'run', '--json');
    expect(end.json()).toMatchObject({
      ...{ dryRun: false, due: 0, alreadyDue: MANY, beingCalled: 0 },
      obstacles: [{ ...open, webhookId }],
    });
    const text = words(await command('retries', 'run', '--webhook', String(webhookId)));
    expect(text).toMatch(/^0 notifications made due, 40 already due\. What blocks them:/);
    expect(text).toMatch(/its breaker has been open since .*HTTP 500; the next probe is at/);
    const other = await command('retries', 'run', '--account', '1');
    expect(other.stdout).toBe('Nothing is waiting.\n');
  });

  it('stands in the way of each that retries list shows', async () => {
    const { retries, ...end } = (await command('retries', 'list', '--json')).json();
    expect(end).toMatchObject({ count: MANY, obstacles: [{ ...open, webhookId }] });
    const by = (retries as { blockedBy: unknown }[]).map(({ blockedBy }) => blockedBy);
    expect(new Set(by)).toEqual(new Set(['breaker_open']));
    expect(by).toHaveLength(MANY);
    expect(words(await command('retries', 'list'))).toMatch(/breaker.*its breaker has been open/);
  });

  it('is named by status', async () => {
    const end = await command('status', '--json');
    expect(end.json()).toMatchObject({
      retries: { pending: MANY, blocked: MANY, oldestOverdueSeconds: 0 },
      breakers: [{ ...open, webhookId, worker: expect.any(String) }],
      endpointsDisabled: 0,
    });
    const text = words(await command('status'));
    expect(text).toContain('40 pending, 40 blocked, oldest overdue by 0 s');
    expect(text).toContain('0 disabled, 1 breaker open');
    expect(text).toMatch(/webhook \d+ of account 28, \S+: its breaker has been open since/);
  });

  it('does not keep test from calling, which changes nothing of it', async () => {
    const end = await command('test', String(ACCOUNT), '--json');
    expect(end.json()).toMatchObject({ delivered: false, statusCode: 500 });
    expect(end.code).toBe(1);
    const { advice } = (await command('explain', ids[0] ?? '', '--json')).json();
    expect(advice).toMatchObject({ obstacle: null, commands: ['npm run cli -- test 28'] });
    expect((await command('status', '--json')).json()['breakers']).toMatchObject([open]);
  });

  it('is nothing that endpoints enable could end', async () => {
    const end = await command('endpoints', 'enable', String(webhookId), '--json');
    expect(end.json()).toMatchObject({ enabled: 0 });
    expect((await command('endpoints', 'list')).stdout).toBe('No endpoint is disabled.\n');
    expect((await command('status', '--json')).json()['breakers']).toHaveLength(1);
  });
});
