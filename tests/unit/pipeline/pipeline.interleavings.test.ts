import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import type { Attempt, AttemptOutcome } from '../../../src/domain/attempt.ts';
import type { Change, StreamPosition } from '../../../src/domain/change.ts';
import { StreamFailure } from '../../../src/domain/streamFailure.ts';
import type { StreamRead } from '../../../src/pipeline/ports.ts';
import { createLanes } from '../../../src/pipeline/lanes.ts';
import { runPipeline } from '../../../src/pipeline/pipeline.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aChange, aDocument, answered, aPosition, aWebhook } from '../../support/builders.ts';
import {
  createFakeCheckpoints,
  createFakeDatabase,
  createFakeRoutes,
  createFakeSender,
  createFakeSource,
  reading,
} from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { createWorld } from '../../support/world.ts';

const statuses = ['SENT', 'DELIVERED', 'FAILED'] as const;
/** The last one's account never asked. */
const smsIds = ['a', 'b', 'c', 'd'] as const;
const quickRetriesMs = [1_000, 4_000];
const stop = new Stopping();
const attemptsInAll = 1 + quickRetriesMs.length;

const change = fc.record({
  id: fc.constantFrom(...smsIds),
  deliveryStatus: fc.constantFrom(...statuses),
  operation: fc.constantFrom('update' as const, 'insert' as const, 'replace' as const),
});
const happening = fc.oneof(
  { weight: 8, arbitrary: change },
  { weight: 1, arbitrary: fc.constantFrom('idle', 'transient', 'tokenUnusable' as const) },
);
const situation = fc.record({
  happenings: fc.array(happening, { maxLength: 25, size: 'medium' }),
  /** How many attempts the receiver refuses, by notification, in the order they are first called. */
  refusals: fc.array(fc.nat(attemptsInAll), { maxLength: 12 }),
  failingSaves: fc.array(fc.boolean(), { maxLength: 5 }),
  endpoints: fc.integer({ min: 1, max: 3 }),
  windowLimit: fc.integer({ min: 1, max: 8 }),
  interruptAfter: fc.nat(40),
});
type Situation = typeof situation extends fc.Arbitrary<infer Value> ? Value : never;

/** What happens, as the stream tells it, each at a place of its own. */
function streamOf(happenings: Situation['happenings']): (StreamRead | Error)[] {
  return happenings.map((what, index) => {
    const position = aPosition(index + 1);
    if (what === 'idle') return { kind: 'idle', position };
    if (what === 'transient' || what === 'tokenUnusable') {
      return new StreamFailure(what, what, 'it ended');
    }
    const document = what.operation === 'update' ? null : documentOf(what.id);
    return reading(aChange({ ...what, document, position }));
  });
}

function lastPosition(reads: readonly (StreamRead | Error)[]): StreamPosition {
  const [last] = reads.flatMap((read) => (read instanceof Error ? [] : [read])).slice(-1);
  if (last === undefined) return aPosition(0);
  return last.kind === 'change' ? last.change.position : last.position;
}

const documentOf = (id: string): NonNullable<Change['document']> =>
  aDocument({ _id: id, accountID: smsIds.indexOf(id as (typeof smsIds)[number]) });

/** Databases and receiver that outlive a worker, whose answers come in the scheduler's order. */
function createSurroundings(s: fc.Scheduler, plan: Situation) {
  /** Of the worker that runs now; what a dead one asks for is never answered. */
  let life = { isAlive: true };
  const ask = async (port: string): Promise<void> => {
    const mine = life;
    await s.schedule(Promise.resolve(), port);
    if (!mine.isAlive) await new Promise<never>(() => undefined);
  };
  const reads = streamOf(plan.happenings);
  /** Every status somebody is to be told of, by its notification's name, and where it was written. */
  const told = plan.happenings.flatMap((what, index) =>
    typeof what === 'string' || what.id === 'd'
      ? []
      : [{ name: `${what.id}:${what.deliveryStatus}`, wallTime: aPosition(index + 1).wallTime }],
  );
  const expected = [...new Set(told.map(({ name }) => name))];
  const database = createFakeDatabase(ask);
  for (const id of smsIds) database.documents.set(id, documentOf(id));
  const source = createFakeSource(ask);
  source.append(...reads);

  const failingSaves = [...plan.failingSaves];
  const inner = createFakeCheckpoints(null, ask);
  const checkpoints: typeof inner = {
    ...inner,
    async save(position) {
      if (failingSaves.shift() === true) throw await Promise.resolve(new Error('no primary'));
      const passed = told.filter(({ wallTime }) => wallTime <= position.wallTime);
      expect(passed.filter(({ name }) => database.ended(name) === undefined)).toEqual([]);
      await inner.save(position);
    },
  };

  const refusals = new Map<string, number>();
  const receive = (attempt: Attempt): AttemptOutcome => {
    const { notificationId, number } = attempt;
    const refused = refusals.get(notificationId) ?? plan.refusals[refusals.size] ?? 0;
    refusals.set(notificationId, refused);
    return answered(number <= refused ? 500 : 200);
  };
  const attemptsOf = (name: string): number[] =>
    Array.from(
      { length: Math.min((refusals.get(name) ?? 0) + 1, attemptsInAll) },
      (_each, index) => index + 1,
    );
  const routes = createFakeRoutes(({ accountId }) => {
    if (accountId === smsIds.indexOf('d')) return { kind: 'notOptedIn' };
    const endpointKey = `endpoint ${Number(accountId) % plan.endpoints}`;
    return { kind: 'open', webhook: aWebhook({ endpointKey }) };
  }, ask);
  const smsInFlight = new Set<string>();
  const sender = createFakeSender(async (attempt) => {
    const [sms = ''] = attempt.notificationId.split(':');
    expect(smsInFlight).not.toContain(sms);
    smsInFlight.add(sms);
    await ask('send');
    smsInFlight.delete(sms);
    return receive(attempt);
  });

  /** Runs a worker, a second at a time; `interrupt` says when and how its run is over. */
  const run = async (
    interrupt: (
      worker: ReturnType<typeof createWorld>,
      seconds: number,
    ) => 'go on' | 'stop' | 'die',
  ): Promise<void> => {
    life = { isAlive: true };
    smsInFlight.clear();
    const lanes = createLanes({ maxInFlight: 3, maxInFlightPerEndpoint: 2 });
    const { windowLimit } = plan;
    const ports = { database, checkpoints, source, routes, sender };
    const worker = createWorld({ ...ports, lanes, quickRetriesMs, windowLimit });
    const done = runPipeline(worker.deps).catch((error: unknown) => {
      if (error !== stop) throw error;
    });
    const seen = watch(done);
    const time = async (): Promise<void> => {
      for (let seconds = 0; !seen.isSettled; seconds += 1) {
        await s.schedule(Promise.resolve(), 'a second');
        jest.advanceTimersByTime(1_000);
        const what = interrupt(worker, seconds);
        if (what === 'die') life.isAlive = false;
        if (what !== 'go on') worker.stopping.abort(stop);
        if (what === 'die') {
          worker.abandoned.abort(stop);
          return;
        }
        await turn();
      }
      await done;
    };
    await s.waitFor(time());
    // What the dead worker was about to ask for, it asks for now, in vain.
    for (let turns = 0; !seen.isSettled && turns < 10; turns += 1) await turn();
  };

  /** Runs a worker until it has settled all there is. */
  const runToEnd = async (): Promise<void> => {
    const readBefore = source.changesRead;
    await run(({ metrics }) => {
      const settled = metrics.told.filter(
        ([method]) => method === 'notNotified' || method === 'notificationEnded',
      );
      const isDone = source.isCaughtUp && settled.length === source.changesRead - readBefore;
      return isDone ? 'stop' : 'go on';
    });
    expect(inner.saved.at(-1)).toEqual(lastPosition(reads));
    expect(expected.filter((name) => database.ended(name) === undefined)).toEqual([]);
  };

  const sentOf = (name: string): number[] =>
    sender.sent.filter(({ notificationId }) => notificationId === name).map(({ number }) => number);
  return { run, runToEnd, expected, database, sender, sentOf, attemptsOf };
}

beforeEach(() => {
  jest.useFakeTimers({
    doNotFake: ['setImmediate', 'clearImmediate', 'nextTick', 'queueMicrotask'],
  });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('whatever the order of things', () => {
  it('a clean stop and another start tell every status exactly once', async () => {
    const property = fc.asyncProperty(situation, fc.scheduler(), async (plan, s) => {
      const surroundings = createSurroundings(s, plan);
      const { expected, database, sender, sentOf, attemptsOf } = surroundings;
      await surroundings.run((_worker, seconds) =>
        seconds >= plan.interruptAfter ? 'stop' : 'go on',
      );
      await surroundings.runToEnd();
      expect([...new Set(sender.sent.map(({ notificationId }) => notificationId))].sort()).toEqual(
        expected.toSorted(),
      );
      for (const name of expected) expect(sentOf(name)).toEqual(attemptsOf(name));
      const ends = database.endings.filter(({ restoresRecord }) => !restoresRecord);
      expect(ends.map(({ notificationId }) => notificationId).sort()).toEqual(expected.toSorted());
    });
    await fc.assert(property, { numRuns: 100 });
  }, 60_000);

  it('a sudden death and another start lose none, and repeat only what had not ended', async () => {
    const property = fc.asyncProperty(situation, fc.scheduler(), async (plan, s) => {
      const surroundings = createSurroundings(s, plan);
      const { expected, database, sender, sentOf, attemptsOf } = surroundings;
      await surroundings.run((_worker, seconds) =>
        seconds >= plan.interruptAfter ? 'die' : 'go on',
      );
      const ended = expected.filter((name) => database.ended(name) !== undefined);
      const sentBefore = new Map(expected.map((name) => [name, sentOf(name).length]));
      await surroundings.runToEnd();
      for (const name of expected) {
        const again = sentOf(name).slice(sentBefore.get(name));
        expect(again).toEqual(ended.includes(name) ? [] : attemptsOf(name));
      }
      expect(sender.sent.every(({ notificationId }) => expected.includes(notificationId))).toBe(
        true,
      );
    });
    await fc.assert(property, { numRuns: 100 });
  }, 60_000);
});
