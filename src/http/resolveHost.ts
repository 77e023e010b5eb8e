import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { BlockedAddress } from './egressErrors.ts';
import type { AddressPolicy } from './addressPolicy.ts';

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

/**
 * Resolves and checks in one step, so that what is connected to is what was checked. Those who ask for the same
 * name at the same time share one look-up: the system's resolver takes one of a few threads for as long as a
 * dead name server lets it wait.
 *
 * @param hints as `dns.lookup` takes them
 */
export function createResolveHost(
  mayBeCalled: AddressPolicy,
  {
    lookup = systemLookup,
    hints = 0,
  }: { readonly lookup?: LookupAll; readonly hints?: number } = {},
): ResolveHost {
  const running = new Map<string, Promise<readonly LookupAddress[]>>();

  const resolve = async (name: string): Promise<readonly LookupAddress[]> => {
    const found = await new Promise<LookupAddress[]>((fulfil, reject) => {
      lookup(name, { all: true, hints }, (error, addresses) => {
        if (error === null) fulfil(addresses);
        else reject(error);
      });
    });
    if (found.length === 0) throw Object.assign(new Error('no address'), { code: 'ENODATA' });
    const allowed = found.filter(({ address }) => mayBeCalled(address));
    if (allowed.length === 0) throw new BlockedAddress(name);
    return allowed;
  };
  return (host) => {
    const family = isIP(host);
    if (family !== 0) {
      return mayBeCalled(host)
        ? Promise.resolve([{ address: host, family }])
        : Promise.reject(new BlockedAddress(host));
    }
    const shared = running.get(host);
    if (shared !== undefined) return shared;
    const mine = resolve(host).finally(() => running.delete(host));
    running.set(host, mine);
    return mine;
  };
}
