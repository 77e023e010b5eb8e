import { describe, expect, it } from '@jest/globals';
import { aChange, aDocument } from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { deferred } from '../../support/fakePorts.ts';
import { someQueues } from '../../support/someQueues.ts';
import { until } from '../../support/until.ts';
import { createWorld } from '../../support/world.ts';
import { handleIn } from './processing.ts';

/** One slot, and a database that is stuck in one step of the first end. */
function stuckIn(step: string) {
  const stuck = deferred<undefined>();
  let isFirst = true;
  const database = createFakeDatabase(async (port) => {
    if (port !== step || !isFirst) return;
    isFirst = false;
    await stuck.promise;
  });
  const queues = someQueues({ maxInFlight: 1, maxInFlightPerEndpoint: 1 });
  const world = createWorld({ database, queues });
  for (const id of ['sms-1', 'sms-2']) database.documents.set(id, aDocument({ _id: id }));
  const handled = ['sms-1', 'sms-2'].map(async (id) => await handleIn(world, aChange({ id })));
  return {
    world,
    async release(): Promise<void> {
      stuck.resolve(undefined);
      await Promise.all(handled);
    },
  };
}

describe('the slot of a call', () => {
  it('is held until its end is in the ledger', async () => {
    const { world, release } = stuckIn('end');
    await until('the first is being written', () => world.sender.sent.length === 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.queues.free).toBe(0);
    expect(world.sender.sent).toHaveLength(1);
    await release();
    expect(world.sender.sent).toHaveLength(2);
  });

  it('is free while the record is written', async () => {
    const { world, release } = stuckIn('end shown');
    await until('both are called', () => world.sender.sent.length === 2);
    await release();
    expect(world.queues.free).toBe(1);
  });
});
