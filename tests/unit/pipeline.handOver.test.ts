import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { AttemptOutcome } from '../../src/domain/attempt.ts';
import type { FoundDocument } from '../../src/domain/gap.ts';
import { StreamFailure } from '../../src/ports/source.ts';
import { someQueues } from '../support/someQueues.ts';
import { Stopping } from '../../src/runtime/abort.ts';
import { aDocument, answered, aRetry, aPosition } from '../support/builders.ts';
import { createFakeDatabase } from '../support/fakeDatabase.ts';
import { createFakeGaps } from '../support/fakeGaps.ts';
import { createFakeCheckpoints } from '../support/fakeCheckpoints.ts';
import { createFakeSender, deferred, type FakeSender } from '../support/fakePorts.ts';
import { watch } from '../support/recorders.ts';
import { until } from '../support/until.ts';
import { createWorld, runWorld } from '../support/world.ts';
import { createHappened, runUntil, savedAt, sentIds } from './running.ts';

/** A receiver that answers by hand. */
function createHeld(): { sender: FakeSender; answer: (outcome: AttemptOutcome) => void } {
  const held = deferred<AttemptOutcome>();
  return { sender: createFakeSender(() => held.promise), answer: held.resolve };
}

describe('a hand-over', () => {
  it('comes once what runs is durable and the checkpoint saved, before the calls are over', async () => {
    const { sender, answer } = createHeld();
    const durable = deferred<undefined>();
    const database = createFakeDatabase(async (port) => {
      if (port === 'scheduleClaimed') await durable.promise;
    });
    const world = createHappened([{ id: 'a' }], { sender, database });
    const done = runWorld(world.pipeline);
    await until('the call runs', () => sender.sent.length > 0);
    world.stopping.abort(new Stopping());
    await until('it is being scheduled', () => world.retries.writes.length > 0);
    await turn();
    expect(world.handOvers).toHaveLength(0);
    expect(savedAt(world)).toEqual([0]);
    durable.resolve(undefined);
    await until('the work is handed over', () => world.handOvers.length > 0);
    expect(world.retries.rows.get('a:DELIVERED')?.claim).toBe('claim 1');
    expect(savedAt(world)).toEqual([0, 1]);
    expect(watch(done).isSettled).toBe(false);
    answer(answered(200));
    await done;
    expect(world.handOvers).toHaveLength(1);
    expect(world.database.ended('a:DELIVERED')).toBeDefined();
    expect(world.retries.rows.size).toBe(0);
  });

  it('leaves alone what the predecessor still calls', async () => {
    const { sender, answer } = createHeld();
    const first = createHappened([{ id: 'a' }, { id: 'a' }], { sender });
    const done = runWorld(first.pipeline);
    await until('the call runs', () => sender.sent.length > 0);
    first.stopping.abort(new Stopping());
    await until('the work is handed over', () => first.handOvers.length > 0);

    const { database, source } = first;
    const checkpoints = createFakeCheckpoints(aPosition(0));
    const second = createWorld({ database, checkpoints, source });
    await runUntil(second, 'it read it again', () => second.metrics.reported.length >= 4);
    answer(answered(200));
    await done;
    expect(sentIds(second)).toEqual([]);
    expect(second.metrics.reported).toContainEqual(['notNotified', 'duplicate']);
  });

  it('of a worker whose checkpoint is fenced off still finishes its running calls', async () => {
    const { sender, answer } = createHeld();
    const checkpoints = createFakeCheckpoints(aPosition(0));
    const world = createHappened([{ id: 'a' }], { sender, checkpoints });
    const done = runWorld(world.pipeline);
    await until('the call runs', () => sender.sent.length > 0);
    checkpoints.state.row = { position: aPosition(0), epoch: 2, save: null };
    world.stopping.abort(new Stopping());
    await until('the work is handed over', () => world.handOvers.length > 0);
    expect(watch(done).isSettled).toBe(false);
    answer(answered(200));
    await done;
    expect(checkpoints.saved).toEqual([]);
    expect(world.database.ended('a:DELIVERED')).toBeDefined();
  });

  it('waits for calls processed from durable state to end as well', async () => {
    const { sender, answer } = createHeld();
    const world = createWorld({ sender, checkpoints: createFakeCheckpoints(aPosition(0)) });
    await world.retries.schedule(aRetry(), 0);
    const done = runWorld(world.pipeline);
    await until('the call runs', () => sender.sent.length > 0);
    world.stopping.abort(new Stopping());
    await until('the work is handed over', () => world.handOvers.length > 0);
    await turn();
    expect(watch(done).isSettled).toBe(false);
    answer(answered(200));
    await done;
    expect(world.retries.rows.size).toBe(0);
  });
});

describe('a gap', () => {
  const deliveryTime = aPosition(0).wallTime;
  const found = (id: string): FoundDocument => ({
    documentKey: { opaque: { _id: id } },
    document: aDocument({ _id: id, deliveryTime }),
  });

  it('is recorded when the history is lost, and what is found in it is notified', async () => {
    const gaps = createFakeGaps([[found('a')], [found('b')]]);
    const world = createWorld({ gaps, checkpoints: createFakeCheckpoints(aPosition(0)) });
    world.source.append(new StreamFailure('historyLost', '286', new Error('too old')));
    await runUntil(
      world,
      'the gap was scanned',
      () => world.logger.of('gap_scan_finished').length > 0,
    );
    expect(world.metrics.reported).toContainEqual(['gapFound']);
    expect(sentIds(world)).toEqual(['a:DELIVERED', 'b:DELIVERED']);
    expect(gaps.open).toEqual([]);
  });

  it('is scanned on while a slow endpoint has a call in durable state', async () => {
    const held = deferred<AttemptOutcome>();
    const sender = createFakeSender(({ notificationId }) =>
      notificationId === 'a:DELIVERED' ? held.promise : answered(200),
    );
    const gaps = createFakeGaps([[found('a'), found('b')], [found('c')]]);
    await gaps.add(aPosition(0).wallTime, aPosition(1).wallTime);
    const checkpoints = createFakeCheckpoints(aPosition(0));
    const queues = someQueues({ maxInFlight: 9, maxInFlightPerEndpoint: 9 });
    const world = createWorld({ gaps, sender, queues, checkpoints });
    const done = runWorld(world.pipeline);
    await until('the gap was scanned', () => world.logger.of('gap_scan_finished').length > 0);
    expect(world.logger.of('gap_scan_finished')).toMatchObject([{ fields: { recovered: 3 } }]);
    expect(world.retries.rows.get('a:DELIVERED')).toBeDefined();
    expect(world.database.ended('a:DELIVERED')).toBeUndefined();
    world.stopping.abort(new Stopping());
    held.resolve(answered(200));
    await done;
    expect(world.database.ended('a:DELIVERED')).toBeDefined();
  });

  it('of which a status is being notified is left as it is by a stop, which waits for the call', async () => {
    const { sender, answer } = createHeld();
    const gaps = createFakeGaps([[found('a')]]);
    await gaps.add(aPosition(0).wallTime, aPosition(1).wallTime);
    const world = createWorld({ gaps, sender, checkpoints: createFakeCheckpoints(aPosition(0)) });
    const done = runWorld(world.pipeline);
    await until('the call runs', () => sender.sent.length > 0);
    world.stopping.abort(new Stopping());
    await turn();
    expect(watch(done).isSettled).toBe(false);
    answer(answered(200));
    await done;
    expect(world.database.ended('a:DELIVERED')).toBeDefined();
    expect(world.retries.rows.size).toBe(0);
  });

  it('that can’t be recorded before a stop comes is no failure', async () => {
    const gaps = createFakeGaps([], (port) =>
      port === 'gaps.add' ? Promise.reject(new Error('no primary')) : Promise.resolve(),
    );
    const world = createWorld({ gaps, checkpoints: createFakeCheckpoints(aPosition(0)) });
    world.source.append(new StreamFailure('historyLost', '286', new Error('too old')));
    await runUntil(world, 'it was tried', () => world.logger.of('database_retry').length > 0);
    expect(world.handOvers).toHaveLength(1);
  });
});

describe('a first start', () => {
  it('may begin at a time of the operator’s choice', async () => {
    const world = createWorld();
    const startAt = new Date('2023-10-18T00:00:00.000Z');
    const done = runWorld({ ...world.pipeline, startAt });
    await until('the stream is open', () => world.source.isCaughtUp);
    world.stopping.abort(new Stopping());
    await done;
    expect(world.checkpoints.saved[0]?.wallTime).toEqual(startAt);
  });
});

describe('a later start', () => {
  it('whose first save is fenced off ends its term, and reads nothing', async () => {
    const checkpoints = createFakeCheckpoints();
    checkpoints.state.row = { position: aPosition(3), epoch: 2, save: null };
    const load = (): Promise<null> => Promise.resolve(null);
    const world = createWorld({ checkpoints: { ...checkpoints, load } });
    await runWorld(world.pipeline);
    expect(world.stopping.signal.aborted).toBe(true);
    expect(world.source.opened).toEqual([]);
    expect(checkpoints.saved).toEqual([]);
  });

  it('from a checkpoint that is in doubt begins at the present, with a gap since then', async () => {
    const inner = createFakeCheckpoints();
    const checkpoints = {
      ...inner,
      load: () => Promise.resolve({ position: aPosition(-9), doubt: 'it is of another cluster' }),
    };
    const gaps = createFakeGaps([], () => Promise.resolve());
    const world = createWorld({ checkpoints, gaps });
    await runUntil(world, 'the stream is open', () => world.source.isCaughtUp);
    expect(world.source.opened[0]?.position).toEqual(aPosition(0));
    expect(world.logger.of('checkpoint_invalid')).toMatchObject([
      { level: 'error', fields: { doubt: 'it is of another cluster' } },
    ]);
    expect(world.metrics.reported).toContainEqual(['gapFound']);
  });
});
