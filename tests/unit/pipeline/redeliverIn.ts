import { redeliverDue } from '../../../src/pipeline/redeliverDue.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aLanes } from '../../support/aLanes.ts';
import { createWorld, type WorldOptions } from '../../support/world.ts';

/** The loop over durable state, with its end. */
export function redeliverIn(options: WorldOptions = {}) {
  const lanes = aLanes({ maxInFlight: 9, maxInFlightPerEndpoint: 9 });
  const world = createWorld({ lanes, ...options });
  const done = redeliverDue(world.deps);
  return {
    ...world,
    async stop(): Promise<void> {
      world.stopping.abort(new Stopping());
      await done;
      await Promise.all(world.tracked);
    },
  };
}
