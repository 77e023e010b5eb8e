import { describe, expect, it } from '@jest/globals';
import { networkOf, toRanges } from '../../../../src/console/auth/connection.ts';

describe('ranges', () => {
  const ranges = toRanges(['10.20.0.0/16', '192.0.2.7', 'fd12:3456::/32', '2001:db8::1']);

  it.each(['10.20.0.0', '10.20.255.255', '192.0.2.7', 'fd12:3456:ffff::1', '2001:db8:0::1'])(
    'have %s',
    (address) => expect(ranges.has(address)).toBe(true),
  );

  it.each(['10.21.0.0', '192.0.2.8', 'fd12:3457::', '2001:db8::2', '', 'localhost', '10.20.0.0 '])(
    'do not have %j',
    (address) => expect(ranges.has(address)).toBe(false),
  );

  it('of nothing have nothing', () => {
    expect(toRanges([]).has('127.0.0.1')).toBe(false);
  });
});

describe('the network of an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['', ''],
  ])('of %j is %j', (address, network) => expect(networkOf(address)).toBe(network));
});
