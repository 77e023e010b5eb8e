import { createHash } from 'node:crypto';
import { type Route, routeFromRow, type RouteKey, type RouteRow } from '../domain/route.ts';
import { allSchemes, type Scheme } from '../domain/webhook.ts';
import { abortReason } from '../runtime/abort.ts';
import { ConfigurationError } from '../runtime/errors.ts';
import type { MysqlClient, MysqlResult } from './connect.ts';
import { RouteQueryError, toCheckError, toRouteQueryError } from './errors.ts';
import { readRouteRow, requireAtMostOneRow, requireColumns } from './routeRow.ts';
import { type CompiledRouteQuery, compileRouteQuery } from './routeSql.ts';

/** A query's text and where it is from, to name it in errors. */
export interface QueryFile {
  readonly text: string;
  readonly file: string;
}

export interface RouteQueryOptions extends QueryFile {
  readonly client: MysqlClient;
  /** Limits one query from when it is sent. */
  readonly timeoutMs?: number;
  /** Tried if this query does not match the database, so that the error can say whether the other does. */
  readonly alternative?: QueryFile | undefined;
  /** What a webhook's URL may begin with. */
  readonly schemes?: readonly Scheme[];
}

export interface RouteQuery {
  /** False when one answer holds for all delivery statuses. */
  readonly usesDeliveryStatus: boolean;
  /** Rejects with a `RouteQueryError`, or with the signal's reason. */
  run(key: RouteKey, signal: AbortSignal): Promise<Route>;
  /** The answer as it is, null for no row. Rejects as `run` does. */
  ask(key: RouteKey, signal: AbortSignal): Promise<RouteRow | null>;
  /** What an answer comes to. */
  decide(row: RouteRow | null): Route;
  /**
   * Whether the database can answer at all: reachable, allowed, right tables, right columns. Goes before other
   * queries. Rejects as `run` does, but never with the kind `key`; with `schema` and `denied` only for known
   * configuration errors.
   */
  check(signal: AbortSignal): Promise<void>;
  /** As `check`, but runs no query if one was answered within the last `RECENT_MS`. */
  watch(signal: AbortSignal): Promise<void>;
}

const RECENT_MS = 5_000;

/** The key of checks. Whether there is such an account does not matter: its row is not read. */
const nobody: RouteKey = { accountId: 0, flowId: 0, deliveryStatus: '' };

/** Throws a `RouteQueryError` for a text that is no route query. */
export function createRouteQuery(options: RouteQueryOptions): RouteQuery {
  const { client, file, alternative, timeoutMs = 5000, schemes = allSchemes } = options;
  const compiled = compileRouteQuery(options.text, file);

  let answeredAt = -Infinity;

  const ask = async (key: RouteKey, signal: AbortSignal): Promise<MysqlResult> => {
    const limits = { timeoutMs, signal };
    try {
      return await client.query(compiled.sql, bind(compiled, key), limits);
    } catch (error) {
      throw signal.aborted ? abortReason(signal) : toRouteQueryError(error, file);
    }
  };

  const checkQuery = async (query: CompiledRouteQuery, signal: AbortSignal): Promise<void> => {
    const limits = { timeoutMs, signal, isUrgent: true };
    let result: MysqlResult;
    try {
      result = await client.query(query.sql, bind(query, nobody), limits);
    } catch (error) {
      throw signal.aborted ? abortReason(signal) : toCheckError(error, file);
    }
    requireColumns(result, file);
    requireAtMostOneRow(result, file);
  };

  const fits = async (other: QueryFile, signal: AbortSignal): Promise<boolean> => {
    try {
      await checkQuery(compileRouteQuery(other.text, other.file), signal);
      return true;
    } catch {
      return false;
    }
  };

  const check = async (signal: AbortSignal): Promise<void> => {
    try {
      await checkQuery(compiled, signal);
    } catch (error) {
      if (!(error instanceof RouteQueryError)) throw error;
      if (error.kind === 'unavailable' || error.kind === 'denied') throw error;
      const { code, message } = error;
      const advice =
        alternative !== undefined && (await fits(alternative, signal))
          ? `; ${alternative.file} fits: set MYSQL_ROUTE_QUERY_FILE=${alternative.file}`
          : '';
      throw new RouteQueryError('schema', code, message + advice, { cause: error });
    }
  };

  const askForRow = async (key: RouteKey, signal: AbortSignal): Promise<RouteRow | null> => {
    const row = readRouteRow(await ask(key, signal), file);
    answeredAt = performance.now();
    return row;
  };
  const decide = (row: RouteRow | null): Route =>
    row === null ? { kind: 'notOptedIn' } : routeFromRow(row, { digest: sha256, schemes });

  return {
    usesDeliveryStatus: compiled.parameters.includes('deliveryStatus'),
    run: async (key, signal) => decide(await askForRow(key, signal)),
    ask: askForRow,
    decide,
    check,
    async watch(signal) {
      if (performance.now() - answeredAt >= RECENT_MS) await check(signal);
    },
  };
}

function bind({ parameters }: CompiledRouteQuery, key: RouteKey): (bigint | string)[] {
  return parameters.map((name) => (name === 'deliveryStatus' ? key[name] : BigInt(key[name])));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Like `createRouteQuery`, but throws a `ConfigurationError`. */
export function openRouteQuery(options: RouteQueryOptions): RouteQuery {
  try {
    return createRouteQuery(options);
  } catch (error) {
    throw asConfiguration(error);
  }
}

/**
 * Before the first notification, a query that does not match the tables, or a user that may not read them,
 * ends the start. Later the worker waits until it is fixed: somebody is changing the database.
 */
export async function checkAtStart(query: RouteQuery, signal: AbortSignal): Promise<void> {
  try {
    await query.check(signal);
  } catch (error) {
    throw asConfiguration(error);
  }
}

function asConfiguration(error: unknown): unknown {
  const mustBeFixed =
    error instanceof RouteQueryError && (error.kind === 'schema' || error.kind === 'denied');
  return mustBeFixed ? new ConfigurationError(error.message, { cause: error }) : error;
}
