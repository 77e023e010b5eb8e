import {
  type Route,
  routeFromRow,
  type RouteRow,
  type Webhook,
} from '../../../src/domain/route.ts';
import { allSchemes } from '../../../src/domain/webhook.ts';

const openRow: RouteRow = {
  notifyOnDelivery: 'true',
  flowWebhookEnabled: true,
  webhookId: 7,
  url: 'https://hooks.example/sms',
  headers: null,
  secret: null,
};

export const reading = { digest: (text: string): string => text, schemes: allSchemes };

export function routeOf(changes: Partial<RouteRow>): Route {
  return routeFromRow({ ...openRow, ...changes }, reading);
}

export function webhookOf(changes: Partial<RouteRow>): Webhook {
  const route = routeOf(changes);
  if (route.kind !== 'open') throw new Error(`not open but ${JSON.stringify(route)}`);
  return route.webhook;
}

export function problemOf(changes: Partial<RouteRow>): string {
  const route = routeOf(changes);
  if (route.kind !== 'unusable') throw new Error(`not unusable but ${route.kind}`);
  return route.problem;
}
