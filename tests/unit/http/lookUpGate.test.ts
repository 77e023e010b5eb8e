import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from '@jest/globals';
import { createLookUpGate, lookUpLimits } from '../../../src/http/lookUpGate.ts';
import { until } from '../../support/until.ts';

const limits = { all: 6, untried: 4, slow: 2 };
const found: readonly LookupAddress[] = [{ address: '8.0.0.1', family: 4 }];
const silent = Object.assign(new Error('silent'), { code: 'EAI_AGAIN' });

/** A gate, and a resolver behind it that answers when told to. */
function createGate(answered: ReadonlySet<string> = new Set()) {
  const active = new Map<string, (error: Error | null) => void>();
  const begun: string[] = [];
  let nowMs = 0;
  const gate = createLookUpGate(
    async (name) => {
      begun.push(name);
      await new Promise<void>((fulfil, reject) => {
        active.set(name, (error) => (error === null ? fulfil() : reject(error)));
      });
      return found;
    },
    {
      limits,
      isAnswered: async (name) => await Promise.resolve(answered.has(name)),
      clock: () => nowMs,
    },
  );
  /** What came of each, in the order of their ends. */
  const ends: string[] = [];
  const end = (name: string, error: Error | null): void => {
    const settle = active.get(name);
    active.delete(name);
    settle?.(error);
  };
  return {
    begun,
    active: (prefix = '') => [...active.keys()].filter((name) => name.startsWith(prefix)),
    ask: async (name: string) => {
      try {
        await gate(name);
        ends.push(`${name} found`);
      } catch {
        ends.push(`${name} failed`);
      }
    },
    askAll(names: readonly string[]): void {
      for (const name of names) void this.ask(name);
    },
    pass: (ms: number) => void (nowMs += ms),
    async end(name: string, error: Error | null = null): Promise<void> {
      const before = ends.length;
      end(name, error);
      await until('it has ended', () => ends.length > before);
    },
    /** Looks it up in so long a time. */
    async know(name: string, tookMs: number, error: Error | null = null): Promise<void> {
      const asked = this.ask(name);
      nowMs += tookMs;
      end(name, error);
      await asked;
      await until('its place is free', () => !active.has(name));
    },
    ends,
  };
}

const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}.example`);

describe('the gate of look-ups', () => {
  it('leaves some of what libuv runs to others, however many threads there are', () => {
    expect(lookUpLimits(64)).toEqual({ all: 24, untried: 16, slow: 8 });
    expect(lookUpLimits(4)).toEqual({ all: 2, untried: 1, slow: 1 });
    expect(lookUpLimits(1)).toEqual({ all: 2, untried: 1, slow: 1 });
  });

  it('lets quick names through while as many as may of those nobody has asked for take long', async () => {
    const gate = createGate();
    await gate.know('quick.example', 10);
    gate.askAll(names('new', 50));
    expect(gate.active()).toHaveLength(limits.untried);
    gate.askAll(['quick.example']);
    expect(gate.active()).toContain('quick.example');
  });

  it('lets new names through while as many as may of the slow ones take long', async () => {
    const gate = createGate();
    for (const name of names('slow', 20)) await gate.know(name, 1_001, silent);
    gate.askAll(names('slow', 20));
    expect(gate.active()).toHaveLength(limits.slow);
    gate.askAll(names('new', 20));
    expect(gate.active('new')).toHaveLength(limits.untried - limits.slow);
  });

  it('never has more in progress than may be, and makes all of them in the end', async () => {
    const gate = createGate();
    for (const name of names('quick', 20)) await gate.know(name, 10);
    gate.askAll([...names('quick', 20), ...names('new', 20)]);
    while (gate.ends.length < 60) {
      expect(gate.active().length).toBeLessThanOrEqual(limits.all);
      await gate.end(gate.active()[0] ?? '');
    }
    expect(gate.begun).toHaveLength(60);
    expect(gate.active()).toEqual([]);
  });

  it('goes by the time taken: a name that is quickly known not to exist is in nobody’s way', async () => {
    const gate = createGate();
    for (const name of names('gone', 6)) await gate.know(name, 10, silent);
    gate.askAll(names('gone', 6));
    expect(gate.active()).toHaveLength(limits.all);
  });

  it('looks a name up once at a time, also while it waits', async () => {
    const gate = createGate();
    gate.askAll(names('new', limits.untried));
    gate.askAll(['late.example', 'late.example', 'late.example']);
    await gate.end('new-0.example');
    await until('it is looked up', () => gate.active().includes('late.example'));
    await gate.end('late.example');
    await until(
      'all have it',
      () => gate.ends.filter((end) => end === 'late.example found').length === 3,
    );
    expect(gate.begun.filter((name) => name === 'late.example')).toHaveLength(1);
  });

  it('begins with names that were slow once, and comes to those that always are', async () => {
    const gate = createGate();
    for (let times = 0; times < 3; times += 1) {
      for (const name of names('dead', 4)) await gate.know(name, 10_000, silent);
    }
    await gate.know('once.example', 5_000);
    gate.askAll([...names('dead', 4), 'once.example']);
    await gate.end('dead-0.example', silent);
    await until('the next has begun', () => gate.active().length === limits.slow);
    expect(gate.active()).toEqual(['dead-1.example', 'once.example']);
    await gate.end('once.example');
    await until('the next has begun', () => gate.active().includes('dead-2.example'));
  });

  it('counts a slow name as quick once it was, and as new when that is long ago', async () => {
    const gate = createGate();
    await gate.know('slow.example', 5_000, silent);
    await gate.know('slow.example', 10);
    for (const name of names('dead', 3)) await gate.know(name, 10_000, silent);
    gate.askAll(names('dead', 3));
    gate.askAll(['slow.example']);
    expect(gate.active()).toContain('slow.example');
    gate.pass(600_001);
    gate.askAll(names('other', 10));
    gate.askAll(names('dead', 3));
    expect(gate.active('other')).toHaveLength(limits.untried - limits.slow);
  });

  it.each(['new', 'slow'])(
    'lets a %s name go with the quick ones when its name server answers',
    async (standing) => {
      const gate = createGate(new Set(['well.example']));
      if (standing === 'slow') await gate.know('well.example', 10_000, silent);
      for (const name of names('dead', 10)) await gate.know(name, 10_000, silent);
      gate.askAll([...names('dead', 10), ...names('new', 10)]);
      expect(gate.active()).toHaveLength(limits.untried);
      gate.askAll(['well.example']);
      await until('it is looked up', () => gate.active().includes('well.example'));
      expect(gate.active()).toHaveLength(limits.untried + 1);
    },
  );

  it('asks again whether its name server answers when somebody else wants the name', async () => {
    const answered = new Set<string>();
    const gate = createGate(answered);
    gate.askAll([...names('new', limits.untried), 'late.example']);
    answered.add('late.example');
    await until('it is looked up', () => {
      void gate.ask('late.example');
      return gate.active().includes('late.example');
    });
    expect(gate.active()).toHaveLength(limits.untried + 1);
  });
});
