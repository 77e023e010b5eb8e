import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import { BlockedAddress } from './errors.ts';
import {
  createLookUpGate,
  createNameServerProbe,
  type IsAnswered,
  type LookUp,
  lookUpLimits,
  type LookUpLimits,
} from './lookUpGate.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Whether an IP address may be called. False for anything else. */
export type AddressPolicy = (address: string) => boolean;

/**
 * Allows addresses that the Internet routes to their owner, and those within `allowedRanges`: `10.0.0.0/8`, or a
 * single address.
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

/** Looks public, but is reached from the virtual machines of Azure only: their metadata. */
const azurePlatform = parseRange('168.63.129.16');
/** RFC 4291, section 2.4, and the registry of RFC 7249: the unicast addresses that are assigned. */
const globalUnicast = parseRange('2000::/3');
/** RFC 6052: how networks without IPv4 reach it. The embedded address counts. */
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

/** As `dns.lookup` with `all`. */
export type LookupAll = (
  hostname: string,
  options: { readonly all: true; readonly hints: number },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * The addresses of a host that may be called, at least one, in the resolver's order. Rejects with
 * `BlockedAddress` when there are only others, and with the resolver's own error.
 */
export type ResolveHost = (host: string) => Promise<readonly LookupAddress[]>;

interface ResolveHostOptions {
  readonly lookup?: LookupAll;
  /** Belongs to the system's resolver; unknown for another one. */
  readonly isAnswered?: IsAnswered;
  /** As `dns.lookup` takes them. */
  readonly hints?: number;
  /** How old a name's addresses may be that are used while a new look-up takes long. */
  readonly rememberedForMs?: number;
  readonly limits?: LookUpLimits;
  /** Milliseconds, steady. */
  readonly clock?: () => number;
}

/** How long a look-up may take while the name's last addresses could be used. */
const PATIENCE_MS = 250;
const NAMES_AT_MOST = 10_000;
/** Node's default. */
const THREADS = 4;

/**
 * Resolves and checks in one step, so that the checked address is the one that is connected to. Remembered addresses
 * are checked like those that were just found.
 */
export function createResolveHost(
  mayBeCalled: AddressPolicy,
  {
    lookup = systemLookup,
    isAnswered = lookup === systemLookup ? createNameServerProbe() : nobodyAnswers,
    hints = 0,
    rememberedForMs = 0,
    limits = lookUpLimits(Number(process.env['UV_THREADPOOL_SIZE']) || THREADS),
    clock = () => performance.now(),
  }: ResolveHostOptions = {},
): ResolveHost {
  const remembered = new LRUCache<string, Remembered>({ max: NAMES_AT_MOST });
  const ask = toLookUp(lookup, hints);

  const lookUp = createLookUpGate(
    async (name) => {
      try {
        const addresses = await ask(name);
        remembered.set(name, { addresses, atMs: clock() });
        return addresses;
      } catch (error) {
        if (saysThereIsNone(error)) remembered.delete(name);
        throw error;
      }
    },
    { limits, isAnswered, clock },
  );
  const find: LookUp = async (name) => {
    const found = lookUp(name);
    const last = remembered.get(name);
    if (last === undefined || clock() - last.atMs >= rememberedForMs) return await found;
    return await soon(found, last.addresses);
  };
  const resolve: LookUp = async (name) => {
    const allowed = (await find(name)).filter(({ address }) => mayBeCalled(address));
    if (allowed.length === 0) throw new BlockedAddress(name);
    return allowed;
  };
  return (host) => {
    const family = isIP(host);
    if (family === 0) return resolve(host);
    return mayBeCalled(host)
      ? Promise.resolve([{ address: host, family }])
      : Promise.reject(new BlockedAddress(host));
  };
}

const nobodyAnswers: IsAnswered = () => Promise.resolve(false);

interface Remembered {
  readonly addresses: readonly LookupAddress[];
  readonly atMs: number;
}

/** Rejects when there is no address. */
function toLookUp(lookup: LookupAll, hints: number): LookUp {
  return async (name) => {
    const found = await new Promise<LookupAddress[]>((fulfil, reject) => {
      lookup(name, { all: true, hints }, (error, addresses) => {
        if (error === null) fulfil(addresses);
        else reject(error);
      });
    });
    if (found.length === 0) throw Object.assign(new Error('no address'), { code: 'ENODATA' });
    return found;
  };
}

/** A name server has answered that there is no address. */
function saysThereIsNone(error: unknown): boolean {
  return (
    Error.isError(error) && 'code' in error && ['ENOTFOUND', 'ENODATA'].includes(String(error.code))
  );
}

async function soon<Result>(result: Promise<Result>, otherwise: Result): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<Result>((fulfil) => {
    timer = setTimeout(() => fulfil(otherwise), PATIENCE_MS);
  });
  try {
    return await Promise.race([result, patience]);
  } finally {
    clearTimeout(timer);
  }
}
