import type { LookupAddress } from 'node:dns';
import { describe, expect, it, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  createAddressPolicy,
  createResolveHost,
  type LookupAll,
} from '../../../src/http/addresses.ts';
import { BlockedAddress } from '../../../src/http/errors.ts';
import { lookUpLimits } from '../../../src/http/lookUpGate.ts';

const mayBeCalled = createAddressPolicy([]);

describe('addresses that may be called', () => {
  it.each([
    ...['1.1.1.1', '8.8.8.8', '93.184.216.34', '11.0.0.0', '9.255.255.255', '100.63.255.255'],
    ...['100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0'],
    ...['172.15.255.255', '172.32.0.0', '192.0.1.0', '192.167.255.255', '192.169.0.0'],
    ...['198.17.255.255', '198.20.0.0', '223.255.255.255', '168.63.129.15', '168.63.129.17'],
    ...['2001:4860:4860::8888', '2606:2800:220:1::1', '2a00:1450::1', '2400:cb00::1'],
    ...['::ffff:8.8.8.8', '::FFFF:808:808', '64:ff9b::8.8.8.8'],
  ])('%s', (address) => {
    expect(mayBeCalled(address)).toBe(true);
  });
});

/** By what they are registered as, each range with its first and last address. */
const notPublic: readonly (readonly [string, readonly string[]])[] = [
  ['this network (RFC 791)', ['0.0.0.0', '0.255.255.255']],
  ['private (RFC 1918)', ['10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255']],
  ['private (RFC 1918), too', ['192.168.0.0', '192.168.255.255']],
  ['shared by carriers (RFC 6598)', ['100.64.0.0', '100.127.255.255', '100.100.100.200']],
  ['loopback (RFC 1122)', ['127.0.0.0', '127.0.0.1', '127.255.255.255']],
  ['link-local (RFC 3927)', ['169.254.0.0', '169.254.169.254', '169.254.255.255']],
  ['protocol assignments (RFC 6890)', ['192.0.0.0', '192.0.0.192', '192.0.0.255']],
  ['documentation (RFC 5737)', ['192.0.2.1', '198.51.100.1', '203.0.113.1']],
  ['6to4 relays (RFC 7526)', ['192.88.99.1']],
  ['benchmarks (RFC 2544)', ['198.18.0.0', '198.19.255.255']],
  ['AS112 (RFC 7534, 7535)', ['192.175.48.1', '192.31.196.1']],
  ['multicast (RFC 1112)', ['224.0.0.0', '239.255.255.255']],
  ['reserved, broadcast (RFC 1112, 919)', ['240.0.0.0', '255.255.255.254', '255.255.255.255']],
  ["Azure's platform", ['168.63.129.16']],
  ['IPv6 unspecified and loopback (RFC 4291)', ['::', '::1']],
  ['IPv4-compatible (RFC 4291)', ['::127.0.0.1', '::8.8.8.8']],
  ['IPv4-mapped (RFC 4291)', ['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe']],
  ['IPv4-translated (RFC 2765)', ['::ffff:0:127.0.0.1', '::ffff:0:8.8.8.8']],
  ['NAT64 (RFC 6052)', ['64:ff9b::127.0.0.1', '64:ff9b::10.0.0.1', '64:ff9b::a9fe:a9fe']],
  ['NAT64 of a network of its own (RFC 8215)', ['64:ff9b:1::7f00:1', '64:ff9b:1::808:808']],
  ['discard (RFC 6666)', ['100::1']],
  ['Teredo (RFC 4380)', ['2001:0:4136:e378:8000:63bf:3fff:fdd2']],
  ['protocol assignments (RFC 2928)', ['2001:1::1', '2001:2::1', '2001:20::1', '2001:1ff::1']],
  ['documentation (RFC 3849, 9637)', ['2001:db8::1', '3fff::1', '3fff:fff:ffff::1']],
  ['6to4 (RFC 3056)', ['2002:7f00:1::', '2002:a00:1::1', '2002:808:808::1']],
  ['AS112 (RFC 7534)', ['2620:4f:8000::1']],
  ['not given out', ['4000::1', '1000::1', '5f00::1', 'e000::1', '3::1']],
  ['unique local (RFC 4193)', ['fc00::', 'fd00:ec2::254', 'fdff:ffff:ffff:ffff::1']],
  ['link-local (RFC 4291)', ['fe80::', 'fe80::1', 'febf::1', 'fe80::1%eth0', 'fe80::1%eth0.1']],
  ['site-local (RFC 3879)', ['fec0::1', 'feff::1']],
  ['multicast (RFC 4291)', ['ff00::', 'ff02::1', 'ff0e::1']],
  ['no addresses', ['', 'localhost', '127.1', '2130706433', '0x7f000001', '8.8.8.8/32', '8.8.8']],
];

describe('addresses that may not', () => {
  it.each(notPublic)('%s', (_kind, addresses) => {
    expect(addresses.filter(mayBeCalled)).toEqual([]);
  });

  const octet = fc.integer({ min: 0, max: 255 });
  const internal = fc.oneof(
    fc.tuple(fc.constantFrom(0, 10, 127), octet, octet, octet),
    fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
    fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
    fc.tuple(fc.integer({ min: 224, max: 255 }), octet, octet, octet),
  );

  test('stay that in every form of IPv6 that holds them', () => {
    fc.assert(
      fc.property(internal, (octets) => {
        const text = octets.join('.');
        const [a, b] = [0, 2].map((at) =>
          ((octets[at] ?? 0) * 256 + (octets[at + 1] ?? 0)).toString(16),
        );
        const forms = [
          ...[text, `::${text}`, `::ffff:${text}`, `::ffff:0:${text}`, `64:ff9b::${text}`],
          ...[`64:ff9b:1::${text}`, `2002:${a}:${b}::1`, `0:0:0:0:0:ffff:${a}:${b}`],
        ];
        expect(forms.filter(mayBeCalled)).toEqual([]);
      }),
    );
  });
});

describe('ranges that are allowed', () => {
  const allowed = createAddressPolicy(['10.20.0.0/16', '127.0.0.1', 'fd12::/48', '::1']);

  it.each(['10.20.0.0', '10.20.255.255', '127.0.0.1', 'fd12::1', '::1', '::ffff:10.20.1.1'])(
    'hold %s',
    (address) => {
      expect(allowed(address)).toBe(true);
    },
  );

  it.each(['10.19.255.255', '10.21.0.0', '127.0.0.2', 'fd12:0:1::1', '::2', '::ffff:10.21.0.0'])(
    'do not hold %s',
    (address) => {
      expect(allowed(address)).toBe(false);
    },
  );

  it('change nothing for public addresses', () => {
    expect(allowed('8.8.8.8')).toBe(true);
  });

  it('may be written as IPv6 writes IPv4', () => {
    const mapped = createAddressPolicy(['::ffff:10.0.0.0/104']);
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '::ffff:a01:203']) {
      expect(mapped(address)).toBe(true);
    }
    expect(mapped('127.0.0.1')).toBe(false);
  });

  it.each(['::/0', '::ffff:0:0/95', '::10.0.0.0/104'])('of IPv6, as %s, allow no IPv4', (range) => {
    const policy = createAddressPolicy([range]);
    expect(['10.0.0.1', '127.0.0.1', '::ffff:127.0.0.1'].filter(policy)).toEqual([]);
  });
});

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
