import type { ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';

/** How an agent gets its connections. Null when the callback is yet to be called. */
export type Connect = (
  options: ClientRequestArgs,
  callback: (error: Error | null, socket?: Duplex) => void,
) => Duplex | null | undefined;
