import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Slot } from '../../../src/endpoints/queue.ts';
import { someQueues } from '../../support/someQueues.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { deferred } from '../../support/fakePorts.ts';
import { given, inSlot } from './inSlot.ts';

const never = new AbortController().signal;

/** Queues whose calls are named, begin in `begun` and end by hand. */
function createHeld(maxInFlight: number, maxInFlightPerEndpoint: number) {
  const counts: number[] = [];
  const queues = someQueues({
    maxInFlight,
    maxInFlightPerEndpoint,
    onInFlight: (count) => counts.push(count),
  });
  const begun: string[] = [];
  const calls = new Map<string, ReturnType<typeof deferred<string>>>();
  const run = (endpoint: string, name: string, signal = never): Promise<string> => {
    const call = deferred<string>();
    calls.set(name, call);
    const result = inSlot(queues, endpoint, signal, async () => {
      begun.push(name);
      return await call.promise;
    });
    // What a test leaves waiting is shed some time after it.
    result.catch(() => undefined);
    return result;
  };
  const end = async (name: string): Promise<void> => {
    calls.get(name)?.resolve(name);
    await turn();
  };
  return { queues, counts, begun, calls, run, end };
}

describe('queues', () => {
  it('give the result of the call', async () => {
    const { run, end } = createHeld(1, 1);
    const result = run('a', 'a1');
    await end('a1');
    expect(await result).toBe('a1');
  });

  it('run as many calls as there are slots, and the next when one ends', async () => {
    const { queues, run, end, begun } = createHeld(2, 2);
    void run('a', 'a1');
    void run('b', 'b1');
    void run('c', 'c1');
    await turn();
    expect(begun).toEqual(['a1', 'b1']);
    expect(queues.free).toBe(0);
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

  it('call an endpoint again once it has answered, and others only within what is not remembered yet', async () => {
    const queues = someQueues({ maxInFlight: 3, maxInFlightPerEndpoint: 1 });
    const begun: Slot[] = [];
    for (const endpoint of ['a', 'a', 'a', 'b']) {
      void given(queues.take(endpoint, 'fresh', never)).then((slot) => begun.push(slot));
    }
    await turn();
    const [first] = begun;
    expect([begun.length, queues.free]).toEqual([2, 1]);
    first?.answered();
    await turn();
    expect([begun.length, queues.free]).toEqual([3, 0]);
    begun[2]?.answered();
    await turn();
    expect([begun.length, queues.free]).toEqual([3, 0]);
    first?.release();
    await turn();
    expect([begun.length, queues.free]).toEqual([4, 0]);
  });

  it('leave a slot to others while the outcomes of one that answers at once are not remembered', async () => {
    const queues = someQueues({ maxInFlight: 16, maxInFlightPerEndpoint: 16 });
    const stop = new AbortController();
    let begun = 0;
    const callOne = async (): Promise<void> => {
      const slot = await queues.take('a', 'fresh', stop.signal);
      if (typeof slot !== 'object') return;
      begun += 1;
      slot.answered();
    };
    for (let left = 16; left > 0; left -= 1) {
      void callOne();
      await turn();
    }
    expect([begun, queues.free]).toEqual([15, 1]);
    await given(queues.take('b', 'fresh', never));
    expect(queues.free).toBe(0);
    stop.abort();
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
    const { queues, run, calls, begun } = createHeld(1, 1);
    const failure = new Error('it broke');
    const failing = run('a', 'a1');
    void run('a', 'a2');
    calls.get('a1')?.reject(failure);
    await expect(failing).rejects.toBe(failure);
    await turn();
    expect(begun).toEqual(['a1', 'a2']);
    expect(queues.free).toBe(0);
  });

  it('take the slot back from a call that throws at once', async () => {
    const { queues, run, begun } = createHeld(1, 1);
    const throwing = inSlot(queues, 'a', never, () => {
      throw new Error('at once');
    });
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
    const { queues, run, end, begun } = createHeld(1, 1);
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
    expect(queues.free).toBe(1);
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
    const { queues, run, end } = createHeld(1, 1);
    const stopping = new AbortController();
    const running = run('a', 'a1', stopping.signal);
    await turn();
    stopping.abort(new Stopping());
    await turn();
    expect(queues.free).toBe(0);
    await end('a1');
    expect(await running).toBe('a1');
  });

  it('are awaited when something waits while half of the slots are taken', async () => {
    const { queues, run, end } = createHeld(8, 2);
    for (const name of ['a1', 'a2', 'a3']) void run('a', name);
    await turn();
    expect(queues.isAwaited).toBe(false);
    for (const name of ['b1', 'b2']) void run('b', name);
    await turn();
    expect(queues.isAwaited).toBe(true);
    await end('a1');
    expect(queues.isAwaited).toBe(false);
  });
});
