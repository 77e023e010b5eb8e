import { runRetryLoop } from '../../../src/retries/retryLoop.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { someQueues } from '../../support/someQueues.ts';
import { createWorld, type WorldOptions } from '../../support/world.ts';

/** The loop over durable state, with its end. */
export function redeliverIn(options: WorldOptions = {}) {
  const queues = someQueues({ maxInFlight: 9, maxInFlightPerEndpoint: 9 });
  const world = createWorld({ queues, ...options });
  const done = runRetryLoop(world.ctx, world.track);
  return {
    ...world,
    async stop(): Promise<void> {
      world.stopping.abort(new Stopping());
      await done;
      await Promise.all(world.tracked);
    },
  };
}
