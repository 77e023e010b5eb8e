import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createModeGuard } from '../../../src/mongo/modeGuard.ts';
import type { ModeGuard } from '../../../src/ports/source.ts';
import { aRetry } from '../../support/builders.ts';
import { cliWith } from '../../support/cli.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';
import { createRetries } from '../../support/mongoRetries.ts';
import { until } from '../../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
let guards: readonly ModeGuard[];

beforeEach(() => {
  const state = stateCollections(e2e().servers.db);
  guards = [1, 2].map(() => createModeGuard({ ...state, ttlMs: 60_000 }));
});
afterEach(async () => {
  for (const guard of guards) await guard.release();
});

async function outputOf(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await cliWith(e2e().settings, ...args);
  expect(stderr).toBe('');
  return stdout;
}

it('workers of a topic are active for every command, though nobody has the lease', async () => {
  const { mongo, database } = e2e().servers;
  await createRetries(mongo, database).store.schedule(aRetry(), 0);
  const none = /none is active/i;
  expect(await outputOf('status')).toMatch(none);
  expect(await outputOf('check')).toMatch(none);
  expect(await outputOf('retries', 'list')).toMatch(/no worker is active/i);
  for (const guard of guards) await guard.lockForTopic();
  expect(await outputOf('status')).toMatch(/^worker +2 workers active on the topic$/m);
  expect(await outputOf('check')).toMatch(/2 workers active on the topic/);
  expect(await outputOf('retries', 'list')).not.toMatch(/no worker is active/i);
  await guards[0]?.release();
  await until('one is left', async () =>
    /^worker +1 worker active on the topic$/m.test(await outputOf('status')),
  );
});
