import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { bindTimersToProcesses } from '../../support/kafka/processes.ts';
import { enoughRuns } from '../interleaving.ts';
import { createGroupPlay, type Command, type Plan } from './groupPlay.ts';

beforeEach(() => {
  jest.useFakeTimers({
    doNotFake: ['setImmediate', 'clearImmediate', 'nextTick', 'queueMicrotask'],
  });
  bindTimersToProcesses();
});
afterEach(() => {
  jest.useRealTimers();
});

const worker = fc.nat(5);
const partition = fc.nat(5);
const arrive = fc.record({
  kind: fc.constant('arrive' as const),
  partition,
  count: fc.integer({ min: 1, max: 12 }),
});
const pass = fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(4_000) });
const clean: fc.WeightedArbitrary<Command>[] = [
  { weight: 4, arbitrary: arrive },
  { weight: 4, arbitrary: pass },
  { weight: 2, arbitrary: fc.constant({ kind: 'join' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), worker }) },
];
const ms = fc.nat(15_000);
const rough: fc.WeightedArbitrary<Command>[] = [
  ...clean,
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), worker }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('freeze' as const), worker, ms }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), worker, ms }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('expel' as const), worker }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('brokersDown' as const), ms }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('retention' as const),
      partition,
      count: fc.integer({ min: 1, max: 12 }),
    }),
  },
];
const planOf = (
  commands: fc.WeightedArbitrary<Command>[],
  outcomes: readonly ('answered' | 'refused' | 'unanswered')[],
  longestLateMs: number,
): fc.Arbitrary<Plan> =>
  fc.record({
    seed: fc.nat(),
    partitions: fc.integer({ min: 1, max: 5 }),
    workers: fc.integer({ min: 1, max: 3 }),
    maxUnacked: fc.integer({ min: 1, max: 20 }),
    callMs: fc.array(fc.nat(4_000), { minLength: 1, maxLength: 20 }),
    commits: fc.array(
      fc.record({ lateMs: fc.nat(longestLateMs), outcome: fc.constantFrom(...outcomes) }),
      { minLength: 1, maxLength: 10 },
    ),
    commands: fc.array(fc.oneof(...commands), { maxLength: 30, size: 'medium' }),
  });

const runs = { atLeast: 25, withinMs: 25_000 };
/** To shrink a plan in which something never happens takes minutes. */
const settings = { numRuns: 100, endOnFailure: true };

describe('whatever befalls the group', () => {
  it('joins and clean stops call for every status once', async () => {
    const isEnough = enoughRuns(runs);
    const property = fc.asyncProperty(planOf(clean, ['answered'], 1_000), async (plan) => {
      if (isEnough()) return;
      const play = createGroupPlay(plan);
      await play.run();
      expect(play.violations).toEqual([]);
      expect(play.group.wentBack).toEqual([]);
      expect(play.calls.map(({ name }) => name).sort()).toEqual(play.names().sort());
      expect(play.group.left).toEqual([]);
    });
    await fc.assert(property, settings);
  }, 300_000);

  it('no status is lost, and no committed offset goes back', async () => {
    const isEnough = enoughRuns(runs);
    const property = fc.asyncProperty(
      planOf(rough, ['answered', 'answered', 'refused', 'unanswered'], 9_000),
      async (plan) => {
        if (isEnough()) return;
        const play = createGroupPlay(plan);
        await play.run();
        expect(play.violations).toEqual([]);
        expect(play.group.wentBack).toEqual([]);
        expect(play.group.left).toEqual([]);
      },
    );
    await fc.assert(property, settings);
  }, 300_000);
});
