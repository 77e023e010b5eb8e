import type { ClientRequest } from 'node:http';
import type { Request } from 'got';

/** Small, and read by Node whenever something is done with the stream. */
const streamStates: ReadonlySet<string> = new Set(['_readableState', '_writableState']);

/**
 * Has a request of got that has ended well let go of its call. To be called when neither got nor Node has anything left
 * to do for it.
 *
 * got's requests are `Duplex` streams. Node (24, 26) assigns a function that refers to the stream to a property of each
 * (`WritableState`), and V8 allocates such functions in the old generation. So the stream outlives every collection of
 * the young generation, and all that it refers to would as well: a third of what a call allocates. Without that, a call
 * takes 15 % less CPU time.
 */
export function forgetCall(request: Request, native: ClientRequest): void {
  native.removeAllListeners();
  native.on('error', () => undefined);
  for (const name of Object.keys(request)) {
    if (!streamStates.has(name)) Reflect.set(request, name, undefined);
  }
}
