import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { aRetry, aWebhook } from '../../support/builders.ts';
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
import type { World } from '../../support/world.ts';
import { redeliverIn } from './retrying.ts';

const giveUpAfterMs = 60_000;
const previous = {
  webhookId: 5,
  displayUrl: 'https://previous.example/hook',
  endpointKey: 'previous',
};

/** A row under these conditions, after it was claimed. */
async function redeliver(name: RouteName, conditions: Conditions): Promise<World> {
  const routes = createFakeRoutes(() => namedRoutes[name]);
  const world = redeliverIn({ routes, giveUpAfterMs });
  if (conditions.has('disabled')) {
    world.endpoints.disabled.set(aWebhook().endpointKey, 'endpoint_gone');
  }
  const ageMs = conditions.has('expired') ? giveUpAfterMs + 1 : 0;
  const isAccepted = conditions.has('accepted');
  const row = aRetry({
    acceptedAt: new Date(Date.now() - ageMs),
    webhook: isAccepted ? previous : null,
    undecided: isAccepted ? null : { isStale: conditions.has('stale'), lookUps: 0 },
  });
  await world.retries.schedule(row, 0);
  await jest.advanceTimersByTimeAsync(5_000);
  await world.stop();
  return world;
}

function expectedOf(name: RouteName, conditions: Conditions): readonly unknown[] {
  const { decision, webhook } = lineFor(name, conditions);
  const named = {
    none: [],
    current: [7],
    previous: conditions.has('accepted') ? [previous.webhookId] : [],
    'previous, else current': [conditions.has('accepted') ? previous.webhookId : 7],
  }[webhook];
  return [decision, ...(named ?? [])];
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a retry is decided by the table', () => {
  it.each(routeNames)('when its route is %s', async (name) => {
    const cases = [
      ...combinationsOf(['stale', 'disabled', 'expired']),
      ...combinationsOf(['disabled', 'expired']).map(
        (each) => new Set([...each, 'accepted'] as const),
      ),
    ];
    for (const conditions of cases) {
      const outcome = outcomeIn(await redeliver(name, conditions));
      expect([wordsOf(conditions), ...outcome]).toEqual([
        wordsOf(conditions),
        ...expectedOf(name, conditions),
      ]);
    }
  });
});
