import type { RouteFacts, SmsFacts, WaitingFacts } from '../../src/support/smsFacts.ts';

const endpoint = {
  ...{ endpoint: 'key', accountId: 28, webhookId: 5, url: 'https://customer.example/' },
  ...{ since: new Date(), waiting: 3 },
};

/** Its receiver has answered 410. */
export const disabled = {
  ...endpoint,
  kind: 'endpoint_disabled',
  reason: 'endpoint_gone',
} as const;

export const breaker = {
  ...endpoint,
  kind: 'breaker_open',
  ...{ failures: 12, lastStatusCode: 500, lastError: null },
  ...{ nextProbeAt: new Date(Date.now() + 60_000), worker: 'w' },
} as const;

/** All three steps are set. */
export const fine: RouteFacts = {
  error: null,
  hasRow: true,
  isOptedIn: true,
  webhookId: 5,
  isFlowEnabled: true,
  url: 'https://customer.example/',
  problem: null,
  isEndpointDisabled: false,
  reason: null,
  blocked: null,
};

/** Of a status that the worker has passed, of which nothing is recorded. */
export function smsFacts(
  fields: Partial<SmsFacts> = {},
  document: Partial<SmsFacts['document']> = {},
): SmsFacts {
  return {
    document: {
      deliveryStatus: 'DELIVERED',
      statusTime: new Date(0),
      accountId: 28,
      flowId: 200,
      problem: null,
      isFiltered: false,
      ...document,
    },
    notificationId: 'sms:DELIVERED',
    route: fine,
    record: null,
    parked: [],
    ended: [],
    checkpointAt: new Date(),
    isWorkerRunning: true,
    ...fields,
  };
}

/** A record of it, without calls. */
export function recorded(state: string, reason?: string): NonNullable<SmsFacts['record']> {
  return {
    state,
    ...(reason !== undefined && { reason }),
    notificationId: 'sms:DELIVERED',
    deliveryStatus: 'DELIVERED',
    attempts: 0,
  };
}

/** It waits for its second attempt. */
export function waitingFacts(fields: Partial<WaitingFacts> = {}): WaitingFacts {
  return {
    notificationId: 'sms:DELIVERED',
    accountId: 28,
    flowId: 200,
    webhookId: 5,
    url: 'https://customer.example/',
    endpoint: 'key',
    deliveryStatus: 'DELIVERED',
    attempts: 1,
    runningSince: null,
    lastAttemptAt: new Date('2026-01-31T10:00:00Z'),
    lastDurationMs: 12,
    lastStatusCode: 500,
    lastError: null,
    lastLocation: null,
    nextAttemptAt: new Date(Date.now() + 60_000),
    acceptedAt: new Date('2026-01-31T10:00:00Z'),
    isClaimed: false,
    blocked: null,
    ...fields,
  };
}

/** The ledger's row of it; `record` as it is stored. */
export function endFacts(
  fields: Partial<SmsFacts['ended'][number]> = {},
): SmsFacts['ended'][number] {
  return {
    notificationId: 'sms:DELIVERED',
    state: 'delivered',
    reason: null,
    statusAt: new Date('2026-01-31T10:00:00Z'),
    endedAt: new Date('2026-01-31T10:00:01Z'),
    forgottenAt: new Date('2026-02-03T10:00:01Z'),
    location: null,
    record: null,
    ...fields,
  };
}
