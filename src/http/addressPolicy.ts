import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Whether an IP address may be called. Anything that is none may not. */
export type AddressPolicy = (address: string) => boolean;

/**
 * Allows addresses that the Internet routes to whoever has them, and those within `allowedRanges`: `10.0.0.0/8`,
 * or a single address.
 */
export function createAddressPolicy(allowedRanges: readonly string[]): AddressPolicy {
  const ranges = allowedRanges.map(parseRange);
  return (text) => {
    // A zone belongs to link-local addresses alone.
    if (isIP(text) === 0 || text.includes('%')) return false;
    const address = withoutMapping(parseAddress(text));
    return isPublic(address) || ranges.some((range) => isWithin(address, range));
  };
}

type Range = readonly [base: Address, bits: number];

/** A range of mapped addresses is one of IPv4. */
function parseRange(text: string): Range {
  const [address = '', width] = text.split('/');
  const base = parseAddress(address);
  const unmapped = withoutMapping(base);
  const bits = width === undefined ? (isV6(base) ? 128 : 32) : Number(width);
  return unmapped === base || bits < 96 ? [base, bits] : [unmapped, bits - 96];
}

function parseAddress(text: string): Address {
  return ipaddr.parse(withoutDots(text));
}

/** An IPv6 address that ends like an IPv4 one, in digits: the library takes `::8.8.8.8` for `::ffff:8.8.8.8`. */
function withoutDots(text: string): string {
  const [, head, ...octets] = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text) ?? [];
  if (head === undefined) return text;
  const [a = 0, b = 0, c = 0, d = 0] = octets.map(Number);
  return `${head}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function isWithin(address: Address, [base, bits]: Range): boolean {
  return address.kind() === base.kind() && address.match(base, bits);
}

/** `::ffff:10.0.0.1` is 10.0.0.1 to the operating system. */
function withoutMapping(address: Address): Address {
  return isV6(address) && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** Looks like any other address, yet only the virtual machines of Azure reach what is there: their metadata. */
const azurePlatform = parseRange('168.63.129.16');
/** RFC 4291, section 2.4, and the registry of RFC 7249: the unicast addresses that have been given out. */
const globalUnicast = parseRange('2000::/3');
/** RFC 6052: how networks without IPv4 reach it. What counts is where that leads. */
const translated = parseRange('64:ff9b::/96');

function isPublic(address: Address): boolean {
  if (!isV6(address)) return address.range() === 'unicast' && !isWithin(address, azurePlatform);
  if (isWithin(address, translated)) return isPublic(embeddedAddress(address));
  return isWithin(address, globalUnicast) && address.range() === 'unicast';
}

function embeddedAddress(address: ipaddr.IPv6): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

function isV6(address: Address): address is ipaddr.IPv6 {
  return address.kind() === 'ipv6';
}
