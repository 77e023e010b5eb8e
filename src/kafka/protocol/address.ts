import { isIP } from 'node:net';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** @param address a host with a port; an IPv6 address in brackets */
export function parseAddress(address: string): Address {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

/** For TLS, which names no addresses. */
export function serverNameOf({ host }: Address): string {
  return isIP(host) === 0 ? host : '';
}
