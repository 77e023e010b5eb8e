import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { AttemptOutcome } from '../../src/domain/attempt.ts';
import type { Route } from '../../src/domain/route.ts';
import { StreamFailure } from '../../src/ports/source.ts';
import { someQueues } from '../support/someQueues.ts';
import { Stopping } from '../../src/runtime/abort.ts';
import { ConfigurationError } from '../../src/runtime/errors.ts';
import { aDocument, answered, aPosition, aWebhook } from '../support/builders.ts';
import { createFakeCheckpoints } from '../support/fakeCheckpoints.ts';
import {
  createFakeRoutes,
  createFakeSender,
  createFakeSource,
  deferred,
} from '../support/fakePorts.ts';
import { watch } from '../support/recorders.ts';
import { until } from '../support/until.ts';
import { createWorld, runWorld } from '../support/world.ts';
import { createHappened, isCounted, runUntil, savedAt, sentIds } from './running.ts';

describe('a first start', () => {
  it('saves the newest position before it opens the stream there', async () => {
    const held = deferred<undefined>();
    const checkpoints = createFakeCheckpoints(null, async (port) => {
      if (port === 'save') await held.promise;
    });
    const world = createWorld({ checkpoints });
    const done = runWorld(world.pipeline);
    await turn();
    expect(world.source.opened).toEqual([]);
    held.resolve(undefined);
    await until('the stream is open', () => world.source.isCaughtUp);
    expect(world.source.opened).toEqual([{ position: aPosition(0), replay: false }]);
    expect(savedAt(world)).toEqual([0]);
    expect(world.metrics.reported).toContainEqual(['checkpointAt', '0', aPosition(0).wallTime]);
    world.stopping.abort(new Stopping());
    await done;
  });
});

describe('a later start', () => {
  it('continues after the checkpoint', async () => {
    const checkpoints = createFakeCheckpoints(aPosition(2));
    const world = createHappened([{ id: 'a' }, { id: 'b' }, { id: 'c' }], { checkpoints });
    await runUntil(world, 'the rest was notified', isCounted(world, 1));
    expect(world.source.opened).toEqual([{ position: aPosition(2), replay: false }]);
    expect(sentIds(world)).toEqual(['c:DELIVERED']);
    expect(savedAt(world)).toEqual([3]);
  });

  it('waits for a database that does not answer', async () => {
    const failures = [new Error('no primary')];
    const checkpoints = createFakeCheckpoints(aPosition(0), async (port) => {
      const failure = port === 'load' ? failures.pop() : undefined;
      if (failure !== undefined) throw await Promise.resolve(failure);
    });
    const world = createHappened([{}], { checkpoints });
    await runUntil(world, 'it was notified', isCounted(world, 1));
    expect(world.logger.of('database_retry')).toMatchObject([{ fields: { what: 'checkpoint' } }]);
  });

  it('that is stopped before the database answers says that it was stopped', async () => {
    const checkpoints = createFakeCheckpoints(null, () => Promise.reject(new Error('no primary')));
    const world = createWorld({ checkpoints });
    const reason = new Stopping();
    const done = runWorld(world.pipeline);
    await turn();
    world.stopping.abort(reason);
    await expect(done).rejects.toBe(reason);
    expect(world.source.opened).toEqual([]);
  });
});

describe('changes', () => {
  it('are processed, each to its end, and then the checkpoint is behind them', async () => {
    const world = createHappened([{ id: 'a' }, { id: 'b' }]);
    await runUntil(world, 'both were notified', isCounted(world, 2));
    expect(sentIds(world).sort()).toEqual(['a:DELIVERED', 'b:DELIVERED']);
    expect(world.database.ended('a:DELIVERED')).toBeDefined();
    expect(savedAt(world)).toEqual([0, 2]);
  });

  it('that come together are looked up together', async () => {
    const world = createHappened([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
    await runUntil(world, 'all were notified', isCounted(world, 3));
    expect(world.database.lookups.map((requests) => requests.length)).toEqual([3]);
  });

  it('of one SMS are notified one after the other, also when the first takes long', async () => {
    const first = deferred<AttemptOutcome>();
    const sender = createFakeSender(({ notificationId }) =>
      notificationId === 'a:SENT' ? first.promise : answered(200),
    );
    const both = [
      { id: 'a', deliveryStatus: 'SENT' },
      { id: 'a', deliveryStatus: 'DELIVERED' },
      { id: 'a', deliveryStatus: 'SENT' },
    ];
    const queues = someQueues({ maxInFlight: 9, maxInFlightPerEndpoint: 9 });
    const world = createHappened([...both, { id: 'b' }], { sender, queues });
    const done = runUntil(world, 'all were notified', isCounted(world, 4));
    await until('both SMS were called for', () => sender.sent.length > 1);
    await turn();
    expect(sentIds(world)).toEqual(['a:SENT', 'b:DELIVERED']);
    first.resolve(answered(200));
    await done;
    expect(sentIds(world).filter((id) => id.startsWith('a:'))).toEqual(['a:SENT', 'a:DELIVERED']);
    expect(world.metrics.reported).toContainEqual(['notNotified', 'duplicate']);
  });

  it('whose status is not asked for are counted and passed', async () => {
    const world = createHappened([{ deliveryStatus: 'SENT' }], { deliveryStatuses: ['FAILED'] });
    await runUntil(world, 'it was counted', isCounted(world, 1));
    expect(world.metrics.reported).toContainEqual(['notNotified', 'filtered_status']);
    expect(world.database.lookups).toEqual([]);
    expect(savedAt(world)).toEqual([0, 1]);
  });

  it('that have no usable name are counted, logged without their content, and passed', async () => {
    const world = createHappened([{ deliveryStatus: ['secret'] }]);
    await runUntil(world, 'it was counted', isCounted(world, 1));
    expect(world.metrics.reported).toContainEqual([
      'notificationEnded',
      'skipped',
      'unusable_document',
    ]);
    const problem = 'deliveryStatus must be a non-empty string';
    expect(world.logger.of('unusable_document')).toEqual([
      { level: 'warn', event: 'unusable_document', fields: { problem } },
    ]);
    expect(JSON.stringify(world.logger.lines)).not.toContain('secret');
    expect(savedAt(world)).toEqual([0, 1]);
  });

  it('are not read without bound while nothing can be acknowledged', async () => {
    const routes = createFakeRoutes(() => deferred<Route>().promise);
    const many = Array.from({ length: 20 }, (_each, index) => ({ id: `sms-${index}` }));
    const world = createHappened(many, { routes, maxUnacked: 10 });
    await runUntil(world, 'the watermark is full', () => routes.asked.length === 10);
    expect(world.source.changesRead).toBeLessThanOrEqual(11);
    expect(savedAt(world)).toEqual([0, 0]);
  });
});

describe('a stop', () => {
  it('lets a running call come to its end, which is acknowledged and behind the checkpoint', async () => {
    const answer = deferred<AttemptOutcome>();
    const sender = createFakeSender(() => answer.promise);
    const world = createHappened([{ id: 'a' }, { id: 'b' }], { sender });
    const done = runWorld(world.pipeline);
    await until('the call runs', () => sender.sent.length > 0);
    world.stopping.abort(new Stopping());
    const seen = watch(done);
    await turn();
    expect(seen.isSettled).toBe(false);
    answer.resolve(answered(200));
    await done;
    expect(sentIds(world)).toEqual(['a:DELIVERED']);
    expect(savedAt(world)).toEqual([0, 1]);
  });

  it('leaves to the next run what is not acknowledged, and what is acknowledged behind it is not notified again', async () => {
    const routes = createFakeRoutes(({ accountId }) =>
      accountId === 28 ? deferred<Route>().promise : { kind: 'open', webhook: aWebhook() },
    );
    const first = createHappened([{ id: 'a' }, { id: 'b' }], { routes });
    first.database.documents.set('b', aDocument({ _id: 'b', accountID: 29 }));
    await runUntil(first, 'b was notified', isCounted(first, 1));
    expect(savedAt(first)).toEqual([0, 0]);

    const { database, checkpoints, source } = first;
    const second = createWorld({ database, checkpoints, source });
    await runUntil(second, 'both are acknowledged', isCounted(second, 2));
    expect(sentIds(second)).toEqual(['a:DELIVERED']);
    expect(second.metrics.reported).toContainEqual(['notNotified', 'duplicate']);
    expect(savedAt(second)).toEqual([0, 0, 2]);
  });

  it('that can wait no longer leaves the next attempt of a running call to the next run', async () => {
    const sender = createFakeSender(() => deferred<AttemptOutcome>().promise);
    const first = createHappened([{ id: 'a' }], { sender });
    const done = runWorld(first.pipeline);
    await until('the call runs', () => sender.sent.length > 0);
    first.stopping.abort(new Stopping());
    first.abandoned.abort(new Stopping());
    await done;
    expect(savedAt(first)).toEqual([0, 1]);

    const { database, checkpoints, source } = first;
    const second = createWorld({ database, checkpoints, source });
    await runUntil(second, 'it was notified', isCounted(second, 1));
    expect(second.sender.sent).toMatchObject([{ notificationId: 'a:DELIVERED', number: 2 }]);
    expect(database.retries.rows.size).toBe(0);
  });

  it('tries the last save again until it succeeds', async () => {
    const failures = [new Error('no primary')];
    const checkpoints = createFakeCheckpoints(aPosition(0), async (port) => {
      const failure = port === 'save' ? failures.pop() : undefined;
      if (failure !== undefined) throw await Promise.resolve(failure);
    });
    const world = createHappened([{}], { checkpoints });
    await runUntil(world, 'it was notified', isCounted(world, 1));
    expect(savedAt(world)).toEqual([1]);
  });
});

describe('what cannot be fixed', () => {
  it('ends the run with a bug, and the checkpoint does not pass its change', async () => {
    const bug = new TypeError('undefined is not a function');
    const sender = createFakeSender(() => {
      throw bug;
    });
    const world = createHappened([{}], { sender });
    await expect(runWorld(world.pipeline)).rejects.toBe(bug);
    expect(savedAt(world)).toEqual([0]);
    world.stopping.abort(new Stopping());
  });

  it('ends the run when the server can never serve a change stream', async () => {
    const source = createFakeSource();
    source.append(new StreamFailure('unsupported', '40573', new Error('a standalone')));
    const world = createWorld({ source });
    await expect(runWorld(world.pipeline)).rejects.toBeInstanceOf(ConfigurationError);
    world.stopping.abort(new Stopping());
  });
});
