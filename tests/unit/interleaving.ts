import { jest } from '@jest/globals';
import * as fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import type { Attempt, AttemptOutcome } from '../../src/domain/attempt.ts';
import type { Change, StreamPosition } from '../../src/domain/change.ts';
import { someQueues } from '../support/someQueues.ts';
import { StreamFailure, type CheckpointStore, type StreamEvent } from '../../src/ports/source.ts';
import { ignoreStopping, Stopping } from '../../src/runtime/abort.ts';
import { aChange, aDocument, answered, aPosition, aWebhook } from '../support/builders.ts';
import { createFakeDatabase } from '../support/fakeDatabase.ts';
import { createFakeRoutes, createFakeSource, reading, type Turn } from '../support/fakePorts.ts';
import { watch } from '../support/recorders.ts';
import { createWorld, runWorld } from '../support/world.ts';

const statuses = ['SENT', 'DELIVERED', 'FAILED'] as const;
/** The last one's account never asked. */
const smsIds = ['a', 'b', 'c', 'd'] as const;
const schedule = { quickRetriesMs: [1_000, 4_000], retryScheduleMs: [2_000, 8_000] };
const attemptsInAll = 5;
/** No write and no call takes longer: a claim holds for more than all of those of one attempt. */
const longestAskMs = 3_000;
const longestCallMs = 10_000;
/** After so many seconds with nothing left to do, something is stuck. */
const patienceSeconds = 1_000;

const change = fc.record({
  id: fc.constantFrom(...smsIds),
  deliveryStatus: fc.constantFrom(...statuses),
  operation: fc.constantFrom('update' as const, 'insert' as const, 'replace' as const),
});
const happening = fc.oneof(
  { weight: 8, arbitrary: change },
  { weight: 1, arbitrary: fc.constantFrom('idle', 'transient', 'tokenUnusable' as const) },
);
export const situation = fc.record({
  happenings: fc.array(happening, { maxLength: 25, size: 'medium' }),
  /** How many attempts the receiver refuses, by notification, in the order they are first called. */
  refusals: fc.array(fc.nat(attemptsInAll), { maxLength: 12 }),
  failingSaves: fc.array(fc.boolean(), { maxLength: 5 }),
  endpoints: fc.integer({ min: 1, max: 3 }),
  maxUnacked: fc.integer({ min: 1, max: 8 }),
  /** How many seconds each call takes, in their order; at once when there are more. */
  callSeconds: fc.array(fc.nat(longestCallMs / 1_000), { maxLength: 40, size: 'medium' }),
  /** For how many seconds each worker but the last one runs; one that dies, for how many writes at most. */
  lives: fc.array(fc.record({ seconds: fc.nat(40), writes: fc.nat(60) }), {
    minLength: 1,
    maxLength: 3,
  }),
});
type Situation = typeof situation extends fc.Arbitrary<infer Value> ? Value : never;

/** The time there is, which tests with a clock of their own can't change. */
const realNow = process.hrtime.bigint.bind(process.hrtime);

/**
 * Says before each run whether there were enough: so many at least, and on a busy machine no more once so much time has
 * passed. A run that has begun is finished, as one cut off would continue beside the next test.
 */
export function enoughRuns({
  atLeast,
  withinMs,
}: {
  atLeast: number;
  withinMs: number;
}): () => boolean {
  const end = realNow() + BigInt(withinMs) * 1_000_000n;
  let begun = 0;
  return () => {
    if (begun >= atLeast && realNow() > end) return true;
    begun += 1;
    return false;
  };
}

/** How a worker's run ends before there is nothing left to do. */
export type Interruption =
  /** It is asked to stop; its successor begins when it hands over. */
  | 'stop'
  /** From one moment to the next nothing of it is left. */
  | 'death'
  /** It is frozen out: its successor begins before it knows, and it stops five seconds later. */
  | 'lost lease';

interface Life {
  readonly epoch: number;
  isAlive: boolean;
  /** How often it waits for a write or a call before it dies. */
  writesLeft: number;
}

/** One call as the receiver saw it. */
interface Call {
  readonly name: string;
  readonly number: number;
  readonly life: Life;
  readonly isRefused: boolean;
}

/** At all others a death is worth trying. */
const readingPorts: ReadonlySet<string> = new Set([
  ...['read', 'open', 'dueEndpoints', 'claimDue', 'claimDue done'],
  ...['claimAcceptedBefore', 'routeKeysOf'],
]);

/** What happens, as the stream shows it, each at a place of its own. */
function streamOf(happenings: Situation['happenings']): (StreamEvent | Error)[] {
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

function lastPosition(reads: readonly (StreamEvent | Error)[]): StreamPosition {
  const [last] = reads.flatMap((read) => (read instanceof Error ? [] : [read])).slice(-1);
  if (last === undefined) return aPosition(0);
  return last.kind === 'change' ? last.change.position : last.position;
}

const documentOf = (id: string): NonNullable<Change['document']> =>
  aDocument({ _id: id, accountID: smsIds.indexOf(id as (typeof smsIds)[number]) });

/** Databases and receiver that outlive a worker, whose answers come in the scheduler's order. */
export function createSurroundings(s: fc.Scheduler, plan: Situation, how: Interruption) {
  /** Every status somebody is to be notified of, by its notification's name, and where it was written. */
  const notified = plan.happenings.flatMap((what, index) =>
    typeof what === 'string' || what.id === 'd'
      ? []
      : [{ name: `${what.id}:${what.deliveryStatus}`, wallTime: aPosition(index + 1).wallTime }],
  );
  const expected = [...new Set(notified.map(({ name }) => name))];
  const database = createFakeDatabase();
  for (const id of smsIds) database.documents.set(id, documentOf(id));
  const { rows } = database.retries;
  /** What must never be, though no worker would notice. */
  const violations: string[] = [];

  const askOf =
    (life: Life, atMostMs = longestAskMs): Turn =>
    async (port) => {
      const inTime = new Promise<void>((resolve) => setTimeout(resolve, atMostMs));
      await Promise.race([s.schedule(Promise.resolve(), port), inTime]);
      if (!readingPorts.has(port)) life.writesLeft -= 1;
      if (life.writesLeft <= 0) life.isAlive = false;
      // What a dead one asks for is never answered.
      if (!life.isAlive) await new Promise<never>(() => undefined);
    };

  const saved: { position: StreamPosition; epoch: number }[] = [];
  const failingSaves = [...plan.failingSaves];
  const checkpointsOf = (life: Life): CheckpointStore => ({
    async load() {
      await askOf(life)('load');
      const last = saved.at(-1);
      return last === undefined ? null : { position: last.position, doubt: null };
    },
    async save(position) {
      await askOf(life)('save');
      if (failingSaves.shift() === true) throw new Error('no primary');
      if (saved.some(({ epoch }) => epoch > life.epoch)) return 'fenced';
      const passed = notified.filter(({ wallTime }) => wallTime <= position.wallTime);
      const isSafe = (name: string): boolean =>
        database.ended(name) !== undefined || rows.has(name);
      for (const { name } of passed) {
        if (!isSafe(name)) violations.push(`the checkpoint passed ${name}`);
      }
      saved.push({ position, epoch: life.epoch });
      return 'saved';
    },
  });

  const calls: Call[] = [];
  const refusals = new Map<string, number>();
  const refusedOf = (name: string): number => {
    const refused = refusals.get(name) ?? plan.refusals[refusals.size] ?? 0;
    refusals.set(name, refused);
    return refused;
  };
  const inFlight = new Map<string, Life>();
  const receiverOf = (life: Life) => ({
    async send({ notificationId: name, number }: Attempt): Promise<AttemptOutcome> {
      const isRefused = number <= refusedOf(name);
      if (!life.isAlive) return await new Promise<never>(() => undefined);
      const takesMs = (plan.callSeconds[calls.length] ?? 0) * 1_000;
      calls.push({ name, number, life, isRefused });
      const [sms = ''] = name.split(':');
      if (how !== 'lost lease') {
        if (inFlight.get(sms)?.isAlive === true)
          violations.push(`${sms} was called for twice at once`);
        if (database.ended(name) !== undefined) violations.push(`${name} was called after its end`);
      }
      inFlight.set(sms, life);
      await new Promise<void>((resolve) => setTimeout(resolve, takesMs));
      await askOf(life)('send');
      inFlight.delete(sms);
      return answered(isRefused ? 500 : 200);
    },
  });

  let epoch = 0;
  const start = (writesLeft: number) => {
    epoch += 1;
    const life: Life = { epoch, isAlive: true, writesLeft };
    const ask = askOf(life);
    const source = createFakeSource(ask);
    source.append(...streamOf(plan.happenings));
    const routes = createFakeRoutes(({ accountId }) => {
      if (accountId === smsIds.indexOf('d')) return { kind: 'notOptedIn' };
      const endpointKey = `endpoint ${Number(accountId) % plan.endpoints}`;
      return { kind: 'open', webhook: aWebhook({ endpointKey }) };
    }, ask);
    const queues = someQueues({
      maxInFlight: 3,
      maxInFlightPerEndpoint: 2,
      breaker: { threshold: 0.5, cooldownMs: 3_000 },
    });
    const { maxUnacked } = plan;
    const world = createWorld({
      ...{ database: database.seenBy(ask), source, routes, queues, maxUnacked },
      ...schedule,
    });
    const worker = { ...world, life };
    const ctx = { ...world.pipeline.ctx, sender: receiverOf(life) };
    const parts = { ...world.pipeline, ctx, checkpoints: checkpointsOf(life) };
    const done = runWorld(parts).catch(ignoreStopping);
    return { ...worker, done, seen: watch(done) };
  };
  type Worker = ReturnType<typeof start>;

  /** Lets time pass, a second at a time, until something is so. */
  const passUntil = async (isSo: (seconds: number) => boolean): Promise<void> => {
    for (let seconds = 0; !isSo(seconds); seconds += 1) {
      if (seconds > patienceSeconds) throw new Error('it never comes to an end');
      await s.schedule(Promise.resolve(), 'a second');
      jest.advanceTimersByTime(1_000);
      await turn();
    }
  };
  const interrupt = async (worker: Worker): Promise<void> => {
    if (how === 'death') {
      worker.life.isAlive = false;
      worker.abandoned.abort(new Stopping());
    }
    worker.stopping.abort(new Stopping());
    const isOver = (): boolean => worker.handOvers.length > 0 || worker.seen.isSettled;
    if (how === 'stop') await passUntil(isOver);
  };
  const end = lastPosition(streamOf(plan.happenings)).wallTime.getTime();
  const isAllDone = (): boolean =>
    rows.size === 0 &&
    expected.every((name) => database.ended(name) !== undefined) &&
    saved.at(-1)?.position.wallTime.getTime() === end;

  /** Runs workers one after the other, the last one until there is nothing left to do. */
  const runAll = async (): Promise<void> => {
    const workers: Worker[] = [];
    for (const { seconds, writes } of plan.lives) {
      const worker = start(how === 'death' ? writes + 1 : Number.POSITIVE_INFINITY);
      workers.push(worker);
      const isOver = (): boolean => worker.seen.isSettled || !worker.life.isAlive;
      await passUntil((passed) => passed >= seconds || isOver());
      const interrupted = how === 'lost lease' ? passUntil((passed) => passed >= 5) : null;
      if (interrupted === null) await interrupt(worker);
      else void interrupted.then(async () => await interrupt(worker));
    }
    const last = start(Number.POSITIVE_INFINITY);
    await passUntil((seconds) => (seconds > 20 && isAllDone()) || last.seen.isSettled);
    last.stopping.abort(new Stopping());
    const left = [...workers, last].filter(({ life }) => life.isAlive);
    await passUntil(() => left.every(({ seen }) => seen.isSettled));
    await Promise.all(left.map(({ done }) => done));
  };

  return {
    run: async () => await s.waitFor(runAll()),
    expected,
    violations,
    database,
    callsOf: (name: string): Call[] => calls.filter((call) => call.name === name),
    namesCalled: (): string[] => [...new Set(calls.map(({ name }) => name))],
    /** The numbers of the calls it takes when nothing goes wrong here. */
    attemptsOf: (name: string): number[] => {
      const count = Math.min(refusedOf(name) + 1, attemptsInAll);
      return Array.from({ length: count }, (_each, index) => index + 1);
    },
  };
}
