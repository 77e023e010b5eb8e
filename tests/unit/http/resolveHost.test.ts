import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from '@jest/globals';
import { BlockedAddress } from '../../../src/http/egressErrors.ts';
import { lookUpLimits } from '../../../src/http/lookUpGate.ts';
import { createResolveHost, type LookupAll } from '../../../src/http/resolveHost.ts';

const isPublic = (address: string): boolean => address.startsWith('8.');

/** A resolver that answers when told to. */
function createNames() {
  const waiting: { name: string; answer: Parameters<LookupAll>[2] }[] = [];
  const lookup: LookupAll = (name, _options, answer) => void waiting.push({ name, answer });
  return {
    lookup,
    asked: () => waiting.map(({ name }) => name),
    answer(addresses: readonly string[]): void {
      const found = addresses.map((address): LookupAddress => ({ address, family: 4 }));
      waiting.at(-1)?.answer(null, found);
    },
    fail(error: Error): void {
      waiting.at(-1)?.answer(error, []);
    },
  };
}

describe('resolving a host', () => {
  it('gives the addresses that may be called, in their order', async () => {
    const names = createNames();
    const found = createResolveHost(isPublic, names)('a.example');
    names.answer(['8.0.0.2', '10.0.0.1', '8.0.0.1']);
    expect(await found).toEqual([
      { address: '8.0.0.2', family: 4 },
      { address: '8.0.0.1', family: 4 },
    ]);
  });

  it('fails when there are only others', async () => {
    const names = createNames();
    const found = createResolveHost(isPublic, names)('a.example');
    names.answer(['10.0.0.1', '127.0.0.1']);
    await expect(found).rejects.toBeInstanceOf(BlockedAddress);
  });

  it('fails as a look-up does when there is no address', async () => {
    const names = createNames();
    const found = createResolveHost(isPublic, names)('a.example');
    names.answer([]);
    await expect(found).rejects.toMatchObject({ code: 'ENODATA' });
  });

  it('checks an address without asking anybody', async () => {
    const names = createNames();
    const resolve = createResolveHost(isPublic, names);
    expect(await resolve('8.8.8.8')).toEqual([{ address: '8.8.8.8', family: 4 }]);
    await expect(resolve('10.0.0.1')).rejects.toBeInstanceOf(BlockedAddress);
    await expect(resolve('::1')).rejects.toMatchObject({ code: 'ERR_BLOCKED_ADDRESS' });
    expect(names.asked()).toEqual([]);
  });

  it('asks once for all who ask at the same time, and anew for who comes later', async () => {
    const names = createNames();
    const resolve = createResolveHost(isPublic, { ...names, limits: lookUpLimits(64) });
    const both = [resolve('a.example'), resolve('a.example'), resolve('b.example')];
    expect(names.asked()).toEqual(['a.example', 'b.example']);
    names.answer(['8.0.0.1']);
    expect(await both[2]).toHaveLength(1);
    const third = resolve('b.example');
    expect(names.asked()).toHaveLength(3);
    names.answer(['127.0.0.1']);
    await expect(third).rejects.toBeInstanceOf(BlockedAddress);
  });

  it("passes on the resolver's own error, and does not keep it", async () => {
    const names = createNames();
    const resolve = createResolveHost(isPublic, names);
    const first = resolve('a.example');
    const error = Object.assign(new Error('no such host'), { code: 'ENOTFOUND' });
    names.fail(error);
    await expect(first).rejects.toBe(error);
    const second = resolve('a.example');
    names.answer(['8.0.0.1']);
    expect(await second).toHaveLength(1);
  });
});

describe('a look-up that takes long', () => {
  const address = { address: '8.0.0.1', family: 4 };

  it('is not waited for where the addresses of the last one are young enough', async () => {
    const names = createNames();
    const resolve = createResolveHost(isPublic, { ...names, rememberedForMs: 60_000 });
    const first = resolve('a.example');
    names.answer(['8.0.0.1']);
    await first;
    expect(await resolve('a.example')).toEqual([address]);
    expect(names.asked()).toHaveLength(2);
    const joined = resolve('a.example');
    names.answer(['8.0.0.2']);
    expect(await joined).toEqual([{ address: '8.0.0.2', family: 4 }]);
    expect(await resolve('a.example')).toEqual([{ address: '8.0.0.2', family: 4 }]);
    expect(names.asked()).toHaveLength(3);
  });

  it('is waited for where they are too old, or there are to be none', async () => {
    let nowMs = 0;
    for (const rememberedForMs of [0, 1_000]) {
      const names = createNames();
      const resolve = createResolveHost(isPublic, {
        lookup: names.lookup,
        rememberedForMs,
        clock: () => nowMs,
      });
      const first = resolve('a.example');
      names.answer(['8.0.0.1']);
      await first;
      nowMs += 1_000;
      const second = resolve('a.example');
      const error = Object.assign(new Error('silent'), { code: 'EAI_AGAIN' });
      setTimeout(() => names.fail(error), 400);
      await expect(second).rejects.toBe(error);
    }
  });

  it('leaves no address that may not be called any more, nor one that is said not to exist', async () => {
    const names = createNames();
    let isAllowed = true;
    const resolve = createResolveHost(() => isAllowed, { ...names, rememberedForMs: 60_000 });
    const first = resolve('a.example');
    names.answer(['8.0.0.1']);
    await first;
    isAllowed = false;
    await expect(resolve('a.example')).rejects.toBeInstanceOf(BlockedAddress);
    isAllowed = true;
    const gone = resolve('a.example');
    names.fail(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }));
    await expect(gone).rejects.toMatchObject({ code: 'ENOTFOUND' });
    const last = resolve('a.example');
    setTimeout(() => names.answer(['8.0.0.3']), 400);
    expect(await last).toEqual([{ address: '8.0.0.3', family: 4 }]);
  });
});
