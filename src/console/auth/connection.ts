import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { HttpBindings } from '@hono/node-server';
import type { Request } from '../context.ts';

/** Addresses and networks, as settings name them. */
export interface Ranges {
  has(address: string): boolean;
}

export function toRanges(entries: readonly string[]): Ranges {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return {
    has(address) {
      const version = isIP(address);
      return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

/** Null where no server has received the request. */
function incomingOf({ env }: Request): IncomingMessage | null {
  return (env as Partial<HttpBindings> | undefined)?.incoming ?? null;
}

/** The other side of the connection; empty when it is gone. */
export function peerOf(request: Request): string {
  return plainAddress(incomingOf(request)?.socket.remoteAddress ?? '');
}

/** IPv4 as such where the server listens on IPv6, and no scope of a link. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

/** Each line with this header by itself, where `header()` would join them. */
export function headerLines(request: Request, name: string): readonly string[] {
  return incomingOf(request)?.headersDistinct[name] ?? [];
}

/** Who asks, as far as that is known: behind proxies, the address that the last one of them saw. */
export function addressOf(request: Request, proxies: Ranges): string {
  const peer = peerOf(request);
  if (!proxies.has(peer)) return peer;
  const forwarded = (request.req.header('x-forwarded-for') ?? '')
    .split(',')
    .map((address) => plainAddress(address.trim()));
  const client = forwarded.findLast((address) => !proxies.has(address)) ?? '';
  return isIP(client) === 0 ? peer : client;
}

/** Whether the browser speaks TLS, to the console or to what is in front of it. */
export function isOverTls(request: Request, proxies: Ranges): boolean {
  const forwarded = request.req.header('x-forwarded-proto')?.split(',')[0]?.trim();
  if (forwarded !== undefined && proxies.has(peerOf(request))) return forwarded === 'https';
  if (incomingOf(request)?.socket instanceof TLSSocket) return true;
  // Browsers say so with each form; whoever lies gets a cookie that does not come back.
  return request.req.header('origin')?.startsWith('https://') ?? false;
}

/** The part of an address that one customer of a provider has: of IPv6, half of it. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [before = '', after] = address.split('::');
  const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [left, right] = [groupsOf(before), groupsOf(after ?? '')];
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  const groups = after === undefined ? left : [...left, ...zeros, ...right];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
