import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { runCommand, runInTerminal, type CommandEnd } from '../support/commands.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
/** `LONG_TESTS=1` takes ten times as many. */
const COUNT = process.env['LONG_TESTS'] === '1' ? 20_000 : 2_000;
const RATE = COUNT / 4;
const ACCOUNTS = 10;
const HOUR_MS = 3_600_000;
const PATIENCE = { timeoutMs: 110_000, intervalMs: 100 } as const;

let ids: readonly string[] = [];

beforeAll(async () => {
  const { central, receiver, sms } = e2e();
  for (let account = 0; account < ACCOUNTS; account += 1) {
    await central.optIn(account, account, { url: receiver.url('/hook') });
  }
  const documents = Array.from({ length: COUNT }, (_, index) => notified(index));
  await sms.insertMany([...documents, ...others()]);
  ids = documents.map(({ _id }) => _id);
  await e2e().worker();
});

/** With a status from before the worker ever ran. */
function notified(index: number): SmsDocument {
  const account = index % ACCOUNTS;
  const deliveryTime = new Date(Date.now() - HOUR_MS);
  return newSms({ accountID: account, flowId: account, deliveryStatus: 'DELIVERED', deliveryTime });
}

/** What is not to be notified: too old, without a time, unusable, without a status. */
function others(): readonly SmsDocument[] {
  const deliveryTime = new Date(Date.now() - 48 * HOUR_MS);
  const { sendTime: _sendTime, ...timeless } = newSms({ accountID: 1, flowId: 1 });
  return [
    newSms({ accountID: 1, flowId: 1, deliveryStatus: 'DELIVERED', deliveryTime }),
    { ...timeless, deliveryStatus: 'DELIVERED' },
    newSms({ accountID: '1x', flowId: 1, deliveryStatus: 'DELIVERED', deliveryTime: new Date() }),
    newSms({ accountID: 1, flowId: 1 }),
  ];
}

const command = async (...args: readonly string[]): Promise<CommandEnd> =>
  await runCommand(e2e().settings, args);

/** Runs it in a terminal, presses Ctrl-C at half of them, and runs it again to the end. */
async function interrupted(args: readonly string[]): Promise<void> {
  const { settings } = e2e();
  let pressed = false;
  const half = await runInTerminal(settings, args, (output, interrupt) => {
    const queued = Number(/.*, ([\d,]+) queued/s.exec(output)?.[1]?.replaceAll(',', '') ?? 0);
    if (pressed || queued < COUNT / 3) return;
    pressed = true;
    interrupt();
  });
  expect(half.stdout).toMatch(/█+░* +[\d,]+ of [\d,]+/);
  expect(half.stdout).toMatch(/interrupted\. The same command resumes here/);
  expect(half.code).toBe(1);
  const state = await command('status', '--json');
  const [latest] = state.json()['jobs'] as readonly unknown[];
  expect(latest).toMatchObject({ kind: args[0], state: 'interrupted' });
  const rest = await command(...args, '--json');
  expect(rest.json()).toMatchObject({ resumed: true, finished: true });
  expect(rest.json()['counts']).toMatchObject({ queued: COUNT });
  expect(rest.stderr).toBe('');
  expect(rest.code).toBe(0);
}

/** How often each was called. */
function callsOf(): Map<string, number> {
  const calls = new Map<string, number>();
  for (const { headers } of e2e().receiver.requests('/hook')) {
    const id = String(headers['webhook-id']);
    calls.set(id, (calls.get(id) ?? 0) + 1);
  }
  return calls;
}

async function callsOnceThereAre(times: number): Promise<Map<string, number>> {
  const { receiver, servers } = e2e();
  const retries = servers.db.collection('notify_on_delivery_retries');
  await until(
    'all are called and nothing waits',
    async () =>
      receiver.requests('/hook').length >= times * COUNT && (await retries.countDocuments()) === 0,
    PATIENCE,
  );
  return callsOf();
}

function eachCalled(times: number): Map<string, number> {
  return new Map(ids.map((id) => [`${id}:DELIVERED`, times]));
}

const since = (hours: number): string => new Date(Date.now() - hours * HOUR_MS).toISOString();

describe('backfill', () => {
  const args = ['backfill', '--since', since(24), '--rate', `${RATE}/s`];

  it('says what it would do, and does nothing', async () => {
    const end = await command(...args, '--dry-run', '--json');
    expect(end.json()).toMatchObject({
      dryRun: true,
      finished: true,
      counts: { queued: COUNT, unplaceable: 1, unusable: 1 },
    });
    expect(e2e().receiver.requests()).toEqual([]);
  });

  it('tells each once, though it is interrupted half way', async () => {
    await interrupted(args);
    expect(await callsOnceThereAre(1)).toEqual(eachCalled(1));
  });

  it('finds nothing more to tell', async () => {
    const end = await command(...args, '--json');
    expect(end.json()).toMatchObject({ resumed: false, counts: { queued: 0 } });
  });
});

describe('replay', () => {
  const span = ['--since', since(2), '--until', since(-1)];

  it('tells each once more, though it is interrupted half way', async () => {
    const before = e2e().receiver.requests('/hook')[0];
    await interrupted(['replay', ...span, '--rate', `${RATE}/s`]);
    expect(await callsOnceThereAre(2)).toEqual(eachCalled(2));
    const again = e2e().receiver.requests('/hook').at(-1);
    expect(again?.headers['webhook-attempt']).toBe('1');
    expect(before?.headers['webhook-attempt']).toBe('1');
  });

  it('leaves the record as that of the new call, with no trace of a run', async () => {
    const [id = ''] = ids;
    const { receiver, record, servers } = e2e();
    receiver.answer('/hook', { status: 410 });
    const account = (await e2e().sms.findOne({ _id: id }))?.['accountID'];
    const one = ['replay', ...span, '--account', String(account), '--state', 'delivered'];
    const first = await command(...one, '--json', '--rate', '1000');
    expect(first.json()).toMatchObject({ counts: { queued: COUNT / ACCOUNTS } });
    const shown = (await record(id, ({ state }) => state === 'failed')) as Record<string, unknown>;
    expect(Object.keys(shown).toSorted()).not.toContain('run');
    expect(shown).toMatchObject({ state: 'failed' });
    const ended = await servers.db
      .collection<SmsDocument>('notify_on_delivery_sent')
      .findOne({ _id: `${id}:DELIVERED` });
    expect(ended).toMatchObject({ state: 'failed', run: expect.any(String) });
  });

  it('wants a span', async () => {
    expect((await command('replay', '--since', since(1))).code).toBe(2);
    const swapped = await command('replay', '--since', since(-1), '--until', since(1));
    expect(swapped.code).toBe(2);
    expect(swapped.stderr).toMatch(/'--since' must be before '--until'/);
    const unreadable = await command('replay', '--since', 'yesterday', '--until', since(0));
    expect(unreadable.code).toBe(2);
  });
});
