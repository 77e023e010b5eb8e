import { runRetryLoop } from '../../../src/retries/retryLoop.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { someQueues } from '../../support/someQueues.ts';
import { createWorld, type World, type WorldOptions } from '../../support/world.ts';

/** Stops what runs in a world, and waits for it. */
export function stopOf(
  { stopping, tracked }: Pick<World, 'stopping' | 'tracked'>,
  done: Promise<unknown>,
): () => Promise<void> {
  return async () => {
    stopping.abort(new Stopping());
    await done;
    await Promise.all(tracked);
  };
}

/** The loop over durable state, with its end. */
export function redeliverIn(options: WorldOptions = {}) {
  const queues = someQueues({ maxInFlight: 9, maxInFlightPerEndpoint: 9 });
  const world = createWorld({ queues, ...options });
  const done = runRetryLoop(world.ctx, world.track);
  return { ...world, stop: stopOf(world, done) };
}
