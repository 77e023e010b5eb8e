import { beforeEach, expect, it } from '@jest/globals';
import { stateCollections } from '../../../src/mongo/database.ts';
import { cliWith } from '../../support/cli.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';

const e2e = useEndToEnd(import.meta.url);
const state = () => stateCollections(e2e().servers.db);

beforeEach(async () => {
  await state().leases.deleteMany({});
  await state().checkpoints.deleteMany({});
});

/** As a worker leaves it that has just read the stream. */
async function letWork(): Promise<void> {
  const until = new Date(Date.now() + 60_000);
  await state().leases.insertOne({ _id: '0', owner: 'host:1', epoch: 1, until });
  const wallTime = new Date(Date.now() - 2_000);
  const row = { _id: '0', wallTime, savedAt: wallTime, owner: 'host:1' };
  await state().checkpoints.insertOne(row as never);
}

it.each<[string, () => Promise<void>, Readonly<Record<string, string>>, RegExp]>([
  ['works', letWork, {}, /^It works\.$/],
  ['down', () => Promise.resolve(), {}, /^It does not work: no worker is active: start one/],
  [
    'down',
    letWork,
    { MYSQL_URI: 'mysql://notify@127.0.0.1:9/central' },
    /^It does not work: MySQL does not answer: .*; statuses wait until it answers, none is lost\.$/,
  ],
])('status says first whether it works: %s', async (verdict, prepare, settings, sentence) => {
  await prepare();
  const data = await cliWith({ ...e2e().settings, ...settings }, 'status', '--json');
  expect(data).toMatchObject({ code: 0, stderr: '' });
  const health = data.json()['health'] as Readonly<{ state: string; sentence: string }>;
  expect(health.state).toBe(verdict);
  expect(health.sentence).toMatch(sentence);
  const text = await cliWith({ ...e2e().settings, ...settings }, 'status');
  expect(text.stdout).toMatch(/^health +It /);
});
