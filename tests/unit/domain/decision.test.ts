import { describe, expect, it } from '@jest/globals';
import { decide, reasonNow, type Decision } from '../../../src/domain/decision.ts';
import {
  combinationsOf,
  decisionTable,
  lineFor,
  namedRoutes,
  routeNames,
  type Conditions,
  type RouteName,
} from '../../support/decisionTable.ts';

const previous = { webhookId: 5, displayUrl: 'https://previous.example/hook' };
const cases = combinationsOf(['accepted', 'stale', 'disabled', 'expired']);

function decided(name: RouteName, conditions: Conditions): Decision {
  return decide({
    route: namedRoutes[name],
    isStale: conditions.has('stale'),
    isExpired: conditions.has('expired'),
    isDisabled: (key) =>
      conditions.has('disabled') && key === namedRoutes.webhook.webhook.endpointKey,
    acceptedFor: conditions.has('accepted') ? previous : null,
  });
}

/** In the table's words. */
function wordsFor(decision: Decision): string {
  switch (decision.kind) {
    case 'notify':
      return 'notify';
    case 'skip':
      return `\`skipped\` / \`${decision.reason}\``;
    case 'fail':
      return `\`failed\` / \`${decision.reason}\``;
    case 'ignore':
      return `ignore: \`${decision.reason}\``;
    case 'routeUnknown':
      return 'look up again later';
    default:
      return decision satisfies never;
  }
}

/** What the table says of the webhook, where a webhook is known. */
function webhookFor(name: RouteName, conditions: Conditions): object | null {
  const route = namedRoutes[name];
  const current = route.kind === 'open' ? route.webhook : route;
  const known = conditions.has('accepted') ? previous : null;
  switch (lineFor(name, conditions).webhook) {
    case 'current':
      return current;
    case 'previous':
      return known;
    case 'previous, else current':
      return known ?? current;
    default:
      return null;
  }
}

describe('the decision about a status', () => {
  it.each(routeNames)('is that of the table when its route is %s, whatever else holds', (name) => {
    for (const conditions of cases) {
      const decision = decided(name, conditions);
      const { decision: expected } = lineFor(name, conditions);
      expect([[...conditions], wordsFor(decision)]).toEqual([[...conditions], expected]);
      const webhook = 'webhook' in decision ? decision.webhook : null;
      expect(webhook).toEqual(webhookFor(name, conditions));
    }
  });

  it('needs each line of the table but the one for documents that can’t be used', () => {
    const needed = routeNames.flatMap((name) => cases.map((each) => lineFor(name, each)));
    const unneeded = decisionTable().filter((line) =>
      needed.every((each) => JSON.stringify(each) !== JSON.stringify(line)),
    );
    expect(unneeded.map(({ condition }) => condition)).toEqual(['unusable']);
  });
});

describe('why a status that comes now is not notified', () => {
  it.each<[Exclude<RouteName, 'unknown'>, boolean, string | null]>([
    ['not opted in', true, 'not_opted_in'],
    ['no default webhook', true, 'no_default_webhook'],
    ['flow disabled', true, 'flow_webhook_disabled'],
    ['invalid webhook', true, 'invalid_webhook'],
    ['webhook', true, 'endpoint_disabled'],
    ['webhook', false, null],
  ])('is known: %s, endpoint disabled: %s', (name, isDisabled, reason) => {
    expect(reasonNow(namedRoutes[name], isDisabled)).toBe(reason);
  });
});
