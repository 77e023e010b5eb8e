import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { newSms, setStatus } from '../../../scripts/harness/smsPlatform.ts';
import { widthOf } from '../../../src/cli/output/table.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { runCommand, runInColumns, type CommandEnd } from '../../support/commands.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';
import { until } from '../../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const usersFile = join(mkdtempSync(join(tmpdir(), 'notify-on-delivery-users-')), 'users');
const settings = (): Record<string, string> => ({
  ...e2e().settings,
  MYSQL_ADMIN_URI: e2e().servers.mysqlUri,
  CONSOLE_USERS_FILE: usersFile,
});

const run = async (...args: readonly string[]): Promise<CommandEnd> =>
  await runCommand(settings(), args);
const password = 'typed ahead of the question\n';
const addAsha = async (): Promise<CommandEnd> =>
  await runCommand(settings(), ['console', 'user', 'add', 'asha', '--role', 'support'], password);
const anHourAgo = (): string => new Date(Date.now() - 3_600_000).toISOString();

const FINE = 28;
const FAILING = 29;
const NEW = 30;
const phononUuid = 'bd706f90-aa14-47ea-9844-3d1e1123f4ee';
const to = '919876543210';
const longPath = 'a/path/of/many/parts/'.repeat(6);
const ids = {
  delivered:
    'delivered-29f64ca0-6d3a-4a44-a9a1-8f5c58c1a1a7-with-a-name-that-goes-on-and-on-and-on',
  waiting: 'waiting-5a0dd1a4-9a7c-4a5f-8f0a-7b7d5d2ad1a0-with-a-name-that-goes-on-and-on-and-on',
} as const;
let webhookId = '';

interface Run {
  readonly args: () => readonly string[];
  /** What a person needs of it, wherever it is shown. */
  readonly shows: readonly string[];
  /** What it reads, typed twice on a terminal. */
  readonly input?: string;
  /** Has it find something to do. */
  readonly before?: () => Promise<unknown>;
}

const ofFine = String(FINE);
const ofFailing = String(FAILING);
const ofNew = String(NEW);

/** Each command of the program, by name. */
const runs: Readonly<Record<string, Run>> = {
  'setup account': { args: () => [ofNew, '--enable'], shows: ['30'] },
  'setup webhook': {
    args: () => [ofNew, '--url', `https://customer.example/${longPath}?token=not-to-be-shown`],
    shows: [`https://customer.example/${longPath}`],
  },
  'setup flow': { args: () => [ofNew, '--account', ofNew, '--enable'], shows: ['30'] },
  'setup show': { args: () => [ofFine], shows: ['/fine'] },
  'setup secret rotate': {
    args: () => [ofFine],
    shows: ['whsec_'],
    before: async () => await run('setup', 'secret', 'retire', ofFine),
  },
  'setup secret retire': {
    args: () => [ofFine],
    shows: ['/fine'],
    before: async () => await run('setup', 'secret', 'rotate', ofFine),
  },
  check: { args: () => ['--account', ofFine, '--flow', ofFine], shows: ['/fine'] },
  find: { args: () => ['--phonon-uuid', phononUuid], shows: [ids.delivered] },
  list: { args: () => ['--since', 'yesterday'], shows: [ids.delivered, ids.waiting] },
  explain: { args: () => [ids.waiting], shows: [ids.waiting, longPath] },
  status: { args: () => [], shows: ['SMSDetailDocument'] },
  test: { args: () => [ofFine], shows: ['200'] },
  'retries list': { args: () => [], shows: [`${ids.waiting}:DELIVERED`] },
  'retries run': { args: () => ['--account', ofFailing], shows: ['1'] },
  replay: {
    args: () => [ids.delivered],
    shows: [ids.delivered],
    before: async () =>
      await until('it waits no longer', async () => {
        const waiting = { _id: `${ids.delivered}:DELIVERED` } as object;
        const retries = e2e().servers.db.collection('notify_on_delivery_retries');
        return (await retries.countDocuments(waiting)) === 0;
      }),
  },
  backfill: { args: () => ['--since', anHourAgo(), '--dry-run'], shows: [] },
  'endpoints list': {
    args: () => [],
    shows: [longPath],
    before: async () => await run('endpoints', 'disable', webhookId),
  },
  'endpoints disable': { args: () => [webhookId], shows: [longPath] },
  'endpoints enable': {
    args: () => [webhookId],
    shows: [],
    before: async () => await run('endpoints', 'disable', webhookId),
  },
  'console user add': {
    args: () => ['asha', '--role', 'support'],
    shows: ['asha', 'support'],
    input: password,
  },
  'console user remove': { args: () => ['asha'], shows: ['asha'], before: addAsha },
  'console user list': { args: () => [], shows: ['asha', 'support'], before: addAsha },
};

/** Those that do something, by full name. */
function namesOf(command: Command, parents: readonly string[] = []): readonly string[] {
  return command.commands
    .filter((child) => child.name() !== 'help')
    .flatMap((child) => {
      const path = [...parents, child.name()];
      return child.commands.length > 0 ? namesOf(child, path) : [path.join(' ')];
    });
}

beforeAll(async () => {
  const { central, receiver, sms } = e2e();
  const failing = `/failing/${longPath}`;
  receiver.answer(failing, { status: 500, body: 'in 印度 and elsewhere: '.repeat(20) });
  await central.optIn(FINE, FINE, { url: receiver.url('/fine?token=not-to-be-shown') });
  webhookId = String(await central.optIn(FAILING, FAILING, { url: receiver.url(failing) }));
  await sms.createIndex({ phononUuid: 1 });
  await sms.createIndex({ to: 1 });
  await e2e().worker({ QUICK_RETRIES: '', RETRY_SCHEDULE: '1h,1h,1h,1h,1h' });
  for (const [_id, account, state] of [
    [ids.delivered, FINE, 'delivered'],
    [ids.waiting, FAILING, 'retrying'],
  ] as const) {
    const fields = { _id, ...(_id === ids.delivered ? { phononUuid } : {}), to };
    await sms.insertOne(newSms({ ...fields, accountID: account, flowId: account }));
    await setStatus(sms, _id, 'DELIVERED');
    await e2e().record(_id, (record) => record['state'] === state);
  }
});

it('each command of the program has a line here', () => {
  const stream = { write: () => undefined };
  const program = createProgram(undefined as never, {
    version: '',
    stdout: stream,
    stderr: stream,
  });
  expect(namesOf(program).toSorted()).toEqual(Object.keys(runs).toSorted());
});

/** Lines of tables; a terminal wraps sentences. A word that is longer than a line stays whole, to be copied. */
function tooWide(text: string, columns: number): readonly string[] {
  return text
    .split('\n')
    .filter((line) => widthOf(line) > columns && line.trim().split(/\s{2,}/).length > 2);
}

/** Without a progress bar that was there before. */
function lasting(text: string): string {
  return text.slice(text.lastIndexOf('\u001b[K') + 1).replaceAll('\r', '');
}

function mustBeFine(name: string, { code, stdout }: CommandEnd): void {
  const shows = runs[name]?.shows ?? [];
  expect([code, code === 0 ? '' : stdout]).toEqual([0, '']);
  expect(stdout).not.toContain('not-to-be-shown');
  for (const text of shows) expect(lasting(stdout)).toContain(text);
}

describe.each(Object.keys(runs))('%s', (name) => {
  const args = (): readonly string[] => [...name.split(' '), ...(runs[name]?.args() ?? [])];
  const input = runs[name]?.input ?? '';

  beforeEach(async () => void (await runs[name]?.before?.()));

  it.each([80, 160])('fits a terminal of %p columns, and cuts nothing', async (columns) => {
    const end = await runInColumns(columns, settings(), args(), input.repeat(2));
    mustBeFine(name, end);
    expect(lasting(end.stdout)).not.toContain('…');
    expect(tooWide(lasting(end.stdout), columns)).toEqual([]);
  });

  it('prints one JSON value for machines, with times in UTC', async () => {
    const end = await runCommand(settings(), [...args(), '--json'], input);
    mustBeFine(name, end);
    expect(typeof end.json()).toBe('object');
    expect(end.stdout).not.toMatch(/"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d"/);
  });
});
