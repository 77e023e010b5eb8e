import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { createLanes } from '../../../src/pipeline/lanes.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { deferred } from '../../support/fakePorts.ts';

const never = new AbortController().signal;

/** Lanes whose calls are named, begin in `begun` and end by hand. */
function createHeld(maxInFlight: number, maxInFlightPerEndpoint: number) {
  const counts: number[] = [];
  const lanes = createLanes({
    maxInFlight,
    maxInFlightPerEndpoint,
    onInFlight: (count) => counts.push(count),
  });
  const begun: string[] = [];
  const calls = new Map<string, ReturnType<typeof deferred<string>>>();
  const run = async (endpoint: string, name: string, signal = never): Promise<string> => {
    const call = deferred<string>();
    calls.set(name, call);
    return await lanes.run(
      endpoint,
      async () => {
        begun.push(name);
        return await call.promise;
      },
      signal,
    );
  };
  const end = async (name: string): Promise<void> => {
    calls.get(name)?.resolve(name);
    await turn();
  };
  return { lanes, counts, begun, calls, run, end };
}

describe('lanes', () => {
  it('give the result of the call', async () => {
    const { run, end } = createHeld(1, 1);
    const result = run('a', 'a1');
    await end('a1');
    expect(await result).toBe('a1');
  });

  it('run as many calls as there are slots, and the next when one ends', async () => {
    const { lanes, run, end, begun } = createHeld(2, 2);
    void run('a', 'a1');
    void run('b', 'b1');
    void run('c', 'c1');
    await turn();
    expect(begun).toEqual(['a1', 'b1']);
    expect(lanes.free).toBe(0);
    await end('b1');
    expect(begun).toEqual(['a1', 'b1', 'c1']);
  });

  it('run as many calls of one endpoint as it may have, and others beside', async () => {
    const { run, end, begun } = createHeld(9, 2);
    for (const name of ['a1', 'a2', 'a3', 'a4']) void run('a', name);
    void run('b', 'b1');
    await turn();
    expect(begun).toEqual(['a1', 'a2', 'b1']);
    await end('a2');
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3']);
  });

  it('know an endpoint while one of its calls waits or runs, however many have ended', async () => {
    const { run, end, begun } = createHeld(3, 2);
    for (const name of ['a1', 'a2', 'a3', 'a4']) void run('a', name);
    await end('a1');
    void run('a', 'a5');
    expect(begun).toEqual(['a1', 'a2', 'a3']);
    await end('a2');
    await end('a3');
    await end('a4');
    void run('a', 'a6');
    void run('a', 'a7');
    await turn();
    expect(begun).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'a6']);
  });

  it('serve an endpoint in the order its calls came', async () => {
    const { run, end, begun } = createHeld(1, 1);
    const names = ['a1', 'a2', 'a3', 'a4'];
    for (const name of names) void run('a', name);
    for (const name of names) await end(name);
    expect(begun).toEqual(names);
  });

  it('go round the endpoints that wait, however many calls one of them has', async () => {
    const { run, end, begun } = createHeld(1, 9);
    for (const name of ['a1', 'a2', 'a3']) void run('a', name);
    for (const name of ['b1', 'b2']) void run('b', name);
    void run('c', 'c1');
    for (const name of ['a1', 'a2', 'b1', 'c1', 'a3', 'b2']) await end(name);
    expect(begun.slice(0, 4).sort()).toEqual(['a1', 'a2', 'b1', 'c1']);
    expect(begun).toHaveLength(6);
  });

  it('take the slot back from a call that fails, and pass its failure on', async () => {
    const { lanes, run, calls, begun } = createHeld(1, 1);
    const failure = new Error('it broke');
    const failing = run('a', 'a1');
    void run('a', 'a2');
    calls.get('a1')?.reject(failure);
    await expect(failing).rejects.toBe(failure);
    await turn();
    expect(begun).toEqual(['a1', 'a2']);
    expect(lanes.free).toBe(0);
  });

  it('take the slot back from a call that throws at once', async () => {
    const { lanes, run, begun } = createHeld(1, 1);
    const throwing = lanes.run(
      'a',
      () => {
        throw new Error('at once');
      },
      never,
    );
    await expect(throwing).rejects.toThrow('at once');
    void run('a', 'a1');
    await turn();
    expect(begun).toEqual(['a1']);
  });

  it('say how many calls are in flight whenever that changes', async () => {
    const { run, end, counts } = createHeld(2, 2);
    void run('a', 'a1');
    void run('a', 'a2');
    await turn();
    expect(counts.at(-1)).toBe(2);
    await end('a1');
    expect(counts.at(-1)).toBe(1);
    await end('a2');
    expect(counts.at(-1)).toBe(0);
  });
});

describe('a call that waits for a slot', () => {
  it('is not made once its signal is aborted, and keeps nobody else waiting', async () => {
    const { lanes, run, end, begun } = createHeld(1, 1);
    const stopping = new AbortController();
    const reason = new Stopping();
    void run('a', 'a1');
    const waiting = run('a', 'a2', stopping.signal);
    void run('a', 'a3');
    stopping.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await end('a1');
    expect(begun).toEqual(['a1', 'a3']);
    await end('a3');
    expect(lanes.free).toBe(1);
  });

  it('is not made when its signal was aborted before it came', async () => {
    const { run, begun } = createHeld(1, 1);
    const reason = new Stopping();
    await expect(run('a', 'a1', AbortSignal.abort(reason))).rejects.toBe(reason);
    await turn();
    expect(begun).toEqual([]);
  });

  it('leaves the round when it was the last of its endpoint to wait', async () => {
    const { run, end, begun } = createHeld(1, 1);
    const stopping = new AbortController();
    void run('a', 'a1');
    const waiting = run('b', 'b1', stopping.signal);
    void run('c', 'c1');
    stopping.abort(new Stopping());
    await expect(waiting).rejects.toThrow(Stopping);
    await end('a1');
    expect(begun).toEqual(['a1', 'c1']);
  });

  it('is not touched by a signal that is aborted while the call runs', async () => {
    const { lanes, run, end } = createHeld(1, 1);
    const stopping = new AbortController();
    const running = run('a', 'a1', stopping.signal);
    await turn();
    stopping.abort(new Stopping());
    await turn();
    expect(lanes.free).toBe(0);
    await end('a1');
    expect(await running).toBe('a1');
  });
});

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

describe('lanes under any load', () => {
  it('exceed no bound, leave no slot unused, lose nobody, and give every waiting lane its turn', async () => {
    const bounds = fc.record({
      maxInFlight: fc.integer({ min: 1, max: 5 }),
      maxInFlightPerEndpoint: fc.integer({ min: 1, max: 3 }),
    });
    const property = fc.asyncProperty(bounds, loads, async (bound, load) => {
      const lanes = createLanes(bound);
      const calls: Call[] = [];
      const outcomes: Promise<string>[] = [];
      /** For each lane that could start, who was served since it could. */
      const servedSince = new Map<Endpoint, Endpoint[]>();
      const inState = (state: Call['state'], endpoint?: Endpoint): Call[] =>
        calls.filter(
          (call) => call.state === state && (endpoint === undefined || call.endpoint === endpoint),
        );
      const couldStart = (endpoint: Endpoint): boolean =>
        inState('waiting', endpoint).length > 0 &&
        inState('running', endpoint).length < bound.maxInFlightPerEndpoint;

      const begin = async (call: Call): Promise<void> => {
        expect(call).toBe(inState('waiting', call.endpoint)[0]);
        call.state = 'running';
        servedSince.delete(call.endpoint);
        for (const served of servedSince.values()) {
          expect(served).not.toContain(call.endpoint);
          served.push(call.endpoint);
        }
        await call.answer.promise;
        call.state = 'over';
      };
      const start = (endpoint: Endpoint): void => {
        const signal = new AbortController();
        const call: Call = { endpoint, answer: deferred(), signal, state: 'waiting' };
        calls.push(call);
        const made = lanes.run(endpoint, async () => await begin(call), signal.signal);
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
        if (lanes.free !== free) wrong.push(`has ${lanes.free} free, not ${free}`);
        if (running > bound.maxInFlight) wrong.push('too many in all');
        for (const endpoint of endpoints) {
          const isHeldUp = couldStart(endpoint);
          if (!isHeldUp) servedSince.delete(endpoint);
          else if (!servedSince.has(endpoint)) servedSince.set(endpoint, []);
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
