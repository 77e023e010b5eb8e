import { findOpenBreakers } from './breakers.ts';
import { findAll, limits, withDeadline, type Limit } from './calls.ts';
import type { StateCollections } from './database.ts';
import { createDisabledEndpoints, disabledRows, type ListedEndpoint } from './endpoints.ts';
import { inScope, type RetryScope } from './retrySupport.ts';
import { kinds, show, type Shown } from './storedRow.ts';

/** Where nothing is called at present: the keys of endpoints that are disabled, or whose breaker is open. */
export async function findBlockedEndpoints(
  state: Pick<StateCollections, 'endpoints' | 'leases'>,
  limit: Limit,
): Promise<readonly string[]> {
  const [disabled, breakers] = await Promise.all([
    findAll(limit, state.endpoints, disabledRows, { projection: { _id: 1 } }),
    findOpenBreakers(state, limit),
  ]);
  const keys: unknown[] = [
    ...disabled.map((row): unknown => row['_id']),
    ...breakers.map((row): unknown => row['endpoint']),
  ];
  return [...new Set(keys.filter((key) => typeof key === 'string'))];
}

const breakerView = {
  /** Its key, as waiting rows name it. */
  endpoint: ['endpoint', kinds.name],
  accountId: ['accountId', kinds.integerId],
  webhookId: ['webhookId', kinds.webhookId],
  /** Without userinfo, query and fragment. */
  url: ['url', kinds.textOrNull],
  since: ['since', kinds.date],
  /** Attempts without a delivery: those in the minute in which it opened, and since. */
  failures: ['failures', kinds.count],
  lastStatusCode: ['lastStatusCode', kinds.statusCode],
  lastError: ['lastError', kinds.textOrNull],
  /** From then on, the notification that has been due longest is sent there. */
  nextProbeAt: ['nextProbeAt', kinds.date],
  worker: ['worker', kinds.anyText],
} as const;

interface Waiting {
  /** Waiting notifications that lead there, due or not. */
  readonly waiting: number;
}

export type OpenBreaker = Shown<typeof breakerView> & Waiting & { readonly kind: 'breaker_open' };

export type DisabledEndpoint = Omit<ListedEndpoint, 'id' | 'disabledAt'> &
  Waiting & {
    readonly kind: 'endpoint_disabled';
    readonly endpoint: string;
    readonly since: Date | null;
  };

/** By the key of the endpoint. */
export type BlockedEndpoints = ReadonlyMap<string, OpenBreaker | DisabledEndpoint>;

/**
 * Where nothing is called at present, and how many notifications within `scope` wait there: open breakers, as the worker
 * that has the lease sees them, then disabled endpoints. An endpoint that is both is disabled. Rejects when the database
 * does not answer.
 */
export async function readBlockedEndpoints(
  state: Pick<StateCollections, 'endpoints' | 'leases' | 'retries'>,
  scope: RetryScope = {},
): Promise<BlockedEndpoints> {
  const [breakers, disabled] = await Promise.all([
    findOpenBreakers(state, limits.question),
    createDisabledEndpoints(state.endpoints).list(),
  ]);
  const open = breakers.map((row) => show(row, breakerView));
  const keys = [...open.map(({ endpoint }) => endpoint), ...disabled.map(({ id }) => id)];
  const counts = await countByEndpoint(state.retries, keys, scope);
  const waitingAt = (endpoint: string): number => counts.get(endpoint) ?? 0;
  const found = new Map<string, OpenBreaker | DisabledEndpoint>();
  for (const breaker of open) {
    const waiting = waitingAt(breaker.endpoint);
    found.set(breaker.endpoint, { kind: 'breaker_open', ...breaker, waiting });
  }
  for (const { id: endpoint, disabledAt: since, ...row } of disabled) {
    const waiting = waitingAt(endpoint);
    found.set(endpoint, { kind: 'endpoint_disabled', endpoint, ...row, since, waiting });
  }
  return found;
}

/** By an index alone, unless the scope names an account or a webhook. */
async function countByEndpoint(
  retries: StateCollections['retries'],
  keys: readonly string[],
  scope: RetryScope,
): Promise<ReadonlyMap<string, number>> {
  if (keys.length === 0) return new Map();
  const counted = await withDeadline(limits.question, () =>
    retries
      .aggregate<{ _id: string; count: number }>([
        { $match: { endpoint: { $in: [...keys] }, ...inScope(scope) } },
        { $group: { _id: '$endpoint', count: { $sum: 1 } } },
      ])
      .toArray(),
  );
  return new Map(counted.map(({ _id, count }) => [_id, count]));
}
