import { ConfigurationError } from '../runtime/errors.ts';
import { RouteQueryError } from './errors.ts';
import { createRouteQuery, type RouteQuery, type RouteQueryOptions } from './routeQuery.ts';

/** `createRouteQuery`, with a text that is no route query as a `ConfigurationError`. */
export function openRouteQuery(options: RouteQueryOptions): RouteQuery {
  try {
    return createRouteQuery(options);
  } catch (error) {
    throw asConfiguration(error);
  }
}

/**
 * Before the first notification a query that does not fit the tables, or a user that may not read them,
 * ends the start. Later the same trouble is waited out: somebody is changing the database.
 */
export async function checkAtStart(query: RouteQuery, signal: AbortSignal): Promise<void> {
  try {
    await query.check(signal);
  } catch (error) {
    throw asConfiguration(error);
  }
}

function asConfiguration(error: unknown): unknown {
  const mustBeMended =
    error instanceof RouteQueryError && (error.kind === 'schema' || error.kind === 'denied');
  return mustBeMended ? new ConfigurationError(error.message, { cause: error }) : error;
}
