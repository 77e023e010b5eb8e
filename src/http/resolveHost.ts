import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { LRUCache } from 'lru-cache';
import { isError } from '../runtime/errors.ts';
import type { AddressPolicy } from './addressPolicy.ts';
import { BlockedAddress } from './egressErrors.ts';
import { createLookUpGate, lookUpLimits, type LookUp, type LookUpLimits } from './lookUpGate.ts';
import { createNameServerProbe, type IsAnswered } from './nameServerProbe.ts';

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
  /** Belongs to the system's resolver; of another one nothing is known. */
  readonly isAnswered?: IsAnswered;
  /** As `dns.lookup` takes them. */
  readonly hints?: number;
  /** How old a name's addresses may be that are used while a look-up of it takes long. */
  readonly rememberedForMs?: number;
  readonly limits?: LookUpLimits;
  /** Milliseconds, steady. */
  readonly clock?: () => number;
}

/** What a look-up may take while the name's last addresses would do. */
const PATIENCE_MS = 250;
const NAMES_AT_MOST = 10_000;
/** Node's own, unless it is told otherwise. */
const THREADS = 4;

/**
 * Resolves and checks in one step, so that what is connected to is what was checked: addresses that are remembered
 * are checked as those that were just found.
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

/** A name server has answered so, as opposed to none. */
function saysThereIsNone(error: unknown): boolean {
  return isError(error) && 'code' in error && ['ENOTFOUND', 'ENODATA'].includes(String(error.code));
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
