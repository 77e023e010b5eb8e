import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { someQueues } from '../../support/someQueues.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { deferred } from '../../support/fakePorts.ts';
import { inSlot } from './inSlot.ts';

const endpoints = ['a', 'b', 'c'] as const;
type Endpoint = (typeof endpoints)[number];

/** One thing that happens: a call comes, or the n-th of those running or waiting ends or is given up. */
const come = fc.record({
  what: fc.constant('come' as const),
  endpoint: fc.constantFrom(...endpoints),
});
const go = fc.record({
  what: fc.constantFrom('end' as const, 'giveUp' as const),
  which: fc.nat(5),
});
const loads = fc.array(fc.oneof(come, go), { maxLength: 60, size: 'medium' });

interface Call {
  readonly endpoint: Endpoint;
  readonly answer: ReturnType<typeof deferred<undefined>>;
  readonly signal: AbortController;
  state: 'waiting' | 'running' | 'over';
}

describe('queues under any load', () => {
  it('exceed no bound, leave no slot unused, lose nobody, and give every waiting queue its turn', async () => {
    const bounds = fc.record({
      maxInFlight: fc.integer({ min: 1, max: 5 }),
      maxInFlightPerEndpoint: fc.integer({ min: 1, max: 3 }),
    });
    const property = fc.asyncProperty(bounds, loads, async (bound, load) => {
      const queues = someQueues(bound);
      const calls: Call[] = [];
      const outcomes: Promise<string>[] = [];
      /** For each queue that could start, who with as many calls in flight was served since it could. */
      const servedSince = new Map<Endpoint, { inFlight: number; served: Endpoint[] }>();
      const inState = (state: Call['state'], endpoint?: Endpoint): Call[] =>
        calls.filter(
          (call) => call.state === state && (endpoint === undefined || call.endpoint === endpoint),
        );
      const couldStart = (endpoint: Endpoint): boolean =>
        inState('waiting', endpoint).length > 0 &&
        inState('running', endpoint).length < bound.maxInFlightPerEndpoint;

      const begin = async (call: Call): Promise<void> => {
        expect(call).toBe(inState('waiting', call.endpoint)[0]);
        const inFlight = inState('running', call.endpoint).length;
        call.state = 'running';
        servedSince.delete(call.endpoint);
        for (const other of servedSince.values()) {
          expect(other.inFlight).toBeGreaterThanOrEqual(inFlight);
          if (other.inFlight > inFlight) continue;
          expect(other.served).not.toContain(call.endpoint);
          other.served.push(call.endpoint);
        }
        await call.answer.promise;
        call.state = 'over';
      };
      const start = (endpoint: Endpoint): void => {
        const signal = new AbortController();
        const call: Call = { endpoint, answer: deferred(), signal, state: 'waiting' };
        calls.push(call);
        const made = inSlot(queues, endpoint, signal.signal, async () => await begin(call));
        outcomes.push(made.then(() => 'made', String));
      };
      const pick = (from: readonly Call[], which: number): Call | undefined =>
        from[which % from.length];
      const happen = (event: (typeof load)[number]): void => {
        if (event.what === 'come') {
          start(event.endpoint);
        } else if (event.what === 'end') {
          pick(inState('running'), event.which)?.answer.resolve(undefined);
        } else {
          const call = pick(inState('waiting'), event.which);
          if (call === undefined) return;
          call.state = 'over';
          call.signal.abort(new Stopping());
        }
      };
      const settleDown = async (): Promise<void> => {
        await turn();
        const running = inState('running').length;
        const wrong: string[] = [];
        const free = bound.maxInFlight - running;
        if (queues.free !== free) wrong.push(`has ${queues.free} free, not ${free}`);
        if (running > bound.maxInFlight) wrong.push('too many in all');
        for (const endpoint of endpoints) {
          const isHeldUp = couldStart(endpoint);
          const inFlight = inState('running', endpoint).length;
          if (!isHeldUp) servedSince.delete(endpoint);
          else if (servedSince.get(endpoint)?.inFlight !== inFlight) {
            servedSince.set(endpoint, { inFlight, served: [] });
          }
          if (isHeldUp && running < bound.maxInFlight)
            wrong.push(`${endpoint} waits for no reason`);
          if (inState('running', endpoint).length > bound.maxInFlightPerEndpoint) {
            wrong.push(`too many of ${endpoint}`);
          }
        }
        expect(wrong).toEqual([]);
      };

      for (const event of load) {
        happen(event);
        await settleDown();
      }
      while (inState('running').length > 0) {
        happen({ what: 'end', which: 0 });
        await settleDown();
      }
      expect(await Promise.all(outcomes)).toEqual(
        calls.map(({ signal }) => (signal.signal.aborted ? String(new Stopping()) : 'made')),
      );
      expect(calls.every(({ state }) => state === 'over')).toBe(true);
    });
    await fc.assert(property, { numRuns: 300 });
  }, 60_000);
});
