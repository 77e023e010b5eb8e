import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { delay, Stopping } from '../../../src/runtime/abort.ts';
import { aNotification, aReplace, aWebhook } from '../../support/builders.ts';
import {
  combinationsOf,
  lineFor,
  namedRoutes,
  outcomeIn,
  routeNames,
  wordsOf,
  type Conditions,
  type RouteName,
} from '../../support/decisionTable.ts';
import { createFakeRoutes } from '../../support/fakePorts.ts';
import { createWorld, type World } from '../../support/world.ts';
import { deliverIn } from './delivering.ts';
import { handleIn } from './processing.ts';

const giveUpAfterMs = 60_000;
const never = new AbortController().signal;

/** A status that the stream brings under these conditions, as far as it is processed at once. */
async function process(name: RouteName, conditions: Conditions): Promise<World> {
  const slowly = async (): Promise<void> => await delay(giveUpAfterMs + 1, never);
  const routes = createFakeRoutes(
    () => namedRoutes[name],
    conditions.has('expired') ? slowly : undefined,
  );
  const world = createWorld({ routes, giveUpAfterMs });
  if (conditions.has('disabled')) {
    world.endpoints.disabled.set(aWebhook().endpointKey, 'endpoint_gone');
  }
  const change = aReplace({
    ...(conditions.has('unusable') ? { accountID: 'none' } : {}),
    ...(conditions.has('stale') ? { deliveryTime: new Date('2001-01-01T00:00:00Z') } : {}),
  });
  const handled = handleIn(world, change);
  await jest.advanceTimersByTimeAsync(giveUpAfterMs + 2);
  await handled;
  world.stopping.abort(new Stopping());
  return world;
}

function expectedOf(name: RouteName, conditions: Conditions): readonly unknown[] {
  const { decision, webhook } = lineFor(name, conditions);
  const isNamed = webhook.includes('current');
  return [decision, ...(isNamed ? [7] : [])];
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a status that the stream brings is decided by the table', () => {
  it.each(routeNames)('when its route is %s', async (name) => {
    const cases = combinationsOf(['unusable', 'stale', 'disabled', 'expired']);
    for (const conditions of cases) {
      const outcome = outcomeIn(await process(name, conditions));
      expect([wordsOf(conditions), ...outcome]).toEqual([
        wordsOf(conditions),
        ...expectedOf(name, conditions),
      ]);
    }
  });
});

describe('an attempt about to begin', () => {
  it('is decided by the table', async () => {
    const { webhook } = aNotification();
    for (const conditions of combinationsOf(['disabled', 'expired'])) {
      const world = createWorld({ giveUpAfterMs });
      if (conditions.has('disabled')) {
        world.endpoints.disabled.set(webhook.endpointKey, 'endpoint_gone');
      }
      const ageMs = conditions.has('expired') ? giveUpAfterMs + 1 : 0;
      await deliverIn(world, { acceptedAt: new Date(Date.now() - ageMs) });
      const { decision } = lineFor('webhook', new Set([...conditions, 'accepted'] as const));
      expect(outcomeIn(world)).toEqual([decision, webhook.webhookId]);
    }
  });
});
