import type { WebhookSender } from '../ports/notify.ts';
import { onAbort } from '../runtime/abort.ts';
import { roomForAll } from '../runtime/readingRoom.ts';
import { type CallOptions, createCalls } from './calls.ts';

export interface WebhookSenderOptions extends CallOptions {
  readonly clock: Readonly<{ now(): Date }>;
}

/**
 * Makes the calls. `send` rejects only when its signal is aborted, with the signal's reason; whether the
 * receiver got the call is then unknown. `close` also ends running calls.
 */
export function createWebhookSender(
  options: WebhookSenderOptions,
): WebhookSender & { close(): void } {
  const calls = createCalls(options);
  return {
    async send(attempt, signal, share = roomForAll) {
      signal.throwIfAborted();
      return await calls.make(
        { ...attempt, startedAt: options.clock.now() },
        { share, onAbort: (listener) => onAbort(signal, listener) },
      );
    },
    close: calls.close,
  };
}
