import { describe, expect, it } from '@jest/globals';
import { createTeardown } from '../../../src/runtime/teardown.ts';
import { deferred } from '../../support/fakePorts.ts';

/** A teardown of `names`, registered in that order, and the order in which they were closed. */
function createNamed(names: readonly string[], failing: readonly string[] = []) {
  const closed: string[] = [];
  const teardown = createTeardown();
  for (const name of names) {
    teardown.add(name, () => {
      closed.push(name);
      if (failing.includes(name)) throw new Error(`${name} hangs`);
    });
  }
  return { teardown, closed };
}

describe('a teardown', () => {
  it('closes the newest first', async () => {
    const { teardown, closed } = createNamed(['database', 'stream', 'probes']);
    await teardown.run();
    expect(closed).toEqual(['probes', 'stream', 'database']);
  });

  it('closes one only after the next newer one has closed', async () => {
    const { teardown, closed } = createNamed(['database']);
    const stream = deferred<undefined>();
    teardown.add('stream', async () => {
      await stream.promise;
      closed.push('stream');
    });
    const running = teardown.run();
    expect(closed).toEqual([]);
    stream.resolve(undefined);
    await running;
    expect(closed).toEqual(['stream', 'database']);
  });

  it('closes the others when one fails, and names what failed with its cause', async () => {
    const names = ['database', 'stream', 'probes'];
    const { teardown, closed } = createNamed(names, ['probes', 'database']);
    const failure: unknown = await teardown.run().catch((error: unknown) => error);
    expect(closed).toEqual(['probes', 'stream', 'database']);
    expect(failure).toBeInstanceOf(AggregateError);
    expect(failure).toMatchObject({
      message: 'not everything closed cleanly',
      errors: [
        { message: 'closing probes failed', cause: { message: 'probes hangs' } },
        { message: 'closing database failed', cause: { message: 'database hangs' } },
      ],
    });
  });

  it('makes an Error of what a failing step throws', async () => {
    const teardown = createTeardown();
    teardown.add('stream', async () => {
      // oxlint-disable-next-line typescript/only-throw-error -- what a library may do
      throw await Promise.resolve('text');
    });
    await expect(teardown.run()).rejects.toMatchObject({
      errors: [{ cause: new Error('text') }],
    });
  });

  it('closes nothing twice', async () => {
    const { teardown, closed } = createNamed(['database', 'stream'], ['stream']);
    await expect(teardown.run()).rejects.toThrow(AggregateError);
    await teardown.run();
    expect(closed).toEqual(['stream', 'database']);
  });

  it('closes what was registered since the last time', async () => {
    const { teardown, closed } = createNamed(['database']);
    await teardown.run();
    teardown.add('late', () => void closed.push('late'));
    await teardown.run();
    expect(closed).toEqual(['database', 'late']);
  });

  it('has nothing against nothing', async () => {
    await expect(createTeardown().run()).resolves.toBeUndefined();
  });
});
