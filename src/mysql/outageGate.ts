import { type Backoff, createBackoff } from '../runtime/retry.ts';
import type { Logger } from '../runtime/logger.ts';
import { orAbort } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import { RouteQueryError, type RouteErrorKind } from './errors.ts';

/** Calls `mayAsk` right before the query, after all waits. Null if it was no longer allowed to query. */
type Ask<Answer> = (mayAsk: () => boolean) => Promise<Answer | null>;

type Passage<Answer> =
  | Readonly<{ kind: 'answered'; answer: Answer }>
  /** Other queries are answered. */
  | Readonly<{ kind: 'keyError'; error: RouteQueryError }>
  /** No query is answered. `hasFailed`: this query ran before the outage was known, and may have caused it. */
  | Readonly<{ kind: 'outage'; hasFailed: boolean }>;

interface OutageGateOptions {
  /** A query that is harmless. Rejects with a `RouteQueryError`. */
  readonly check: (signal: AbortSignal) => Promise<void>;
  readonly clock: () => number;
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly logger: Logger;
}

interface Outage {
  readonly since: number;
  readonly backoff: Backoff;
  readonly logged: Set<RouteErrorKind | 'stale'>;
  retryAt: number;
  probe: Probe | null;
  probes: number;
}

type Probe = ReturnType<typeof Promise.withResolvers<void>>;

/**
 * Stands in front of the database, and distinguishes an outage from an error of one key. States:
 * - open: all queries pass. After a failure the harmless query runs. If it, or any other query meanwhile, is answered,
 *   the failure concerns its own key only
 * - closed, from a failure of both until the next answer: at the pace of a backoff one caller at a time runs the
 *   harmless query, or every second time its own. The others wait for its result
 */
export function createOutageGate({
  check: runCheck,
  clock,
  delay,
  random,
  logger,
}: OutageGateOptions) {
  let outage: Outage | null = null;
  let answers = 0;
  let checking: Promise<RouteQueryError | null> | null = null;

  const begin = (): Outage => {
    const backoff = createBackoff({ minMs: 200, maxMs: 5_000, random });
    const since = clock();
    const retryAt = since + backoff.next();
    return { since, backoff, logged: new Set(), retryAt, probe: null, probes: 0 };
  };

  const close = (error: RouteQueryError): void => {
    // Queries that passed before the outage fail during it; they do not prolong it.
    if (outage === null) outage = begin();
    else if (outage.probe !== null) outage.retryAt = clock() + outage.backoff.next();
    if (outage.logged.has(error.kind)) return;
    outage.logged.add(error.kind);
    const fields = { kind: error.kind, code: error.code, problem: error.message };
    if (error.kind === 'unavailable') logger.warn('mysql_unreachable', fields);
    else logger.error('mysql_schema_error', fields);
  };

  const answered = (): void => {
    answers += 1;
    if (outage === null) return;
    logger.warn('mysql_recovered', { afterMs: Math.round(clock() - outage.since) });
    outage.probe?.resolve();
    outage = null;
  };

  /** Shared by all callers. It has its own time limits. */
  const check = async (signal: AbortSignal): Promise<RouteQueryError | null> => {
    checking ??= runCheck(new AbortController().signal)
      .then(() => null, asQueryError)
      .finally(() => (checking = null));
    return await orAbort(checking, signal);
  };

  const isOutage = async (signal: AbortSignal): Promise<boolean> => {
    if (outage !== null) return true;
    const answersBefore = answers;
    const error = await check(signal);
    if (error === null) answered();
    else if (answers === answersBefore) close(error);
    return outage !== null;
  };

  /** Null when the gate is open; otherwise this caller is the probe and must end it. */
  const takeTurn = async (signal: AbortSignal): Promise<Probe | null> => {
    while (outage !== null) {
      const waitMs = outage.retryAt - clock();
      if (outage.probe !== null) await orAbort(outage.probe.promise, signal);
      else if (waitMs > 0) await delay(waitMs, signal);
      else return (outage.probe = Promise.withResolvers());
    }
    return null;
  };

  const askOne = async <Answer>(
    ask: Ask<Answer>,
    mayAsk: () => boolean,
    signal: AbortSignal,
  ): Promise<Passage<Answer>> => {
    try {
      const answer = await ask(mayAsk);
      if (answer === null) return { kind: 'outage', hasFailed: false };
      answered();
      return { kind: 'answered', answer };
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof RouteQueryError)) throw toError(thrown);
      return { kind: 'keyError', error: thrown };
    }
  };

  /** Null when the gate is open now, and the caller's query has not run yet. */
  const askInOutage = async <Answer>(
    ask: Ask<Answer>,
    signal: AbortSignal,
  ): Promise<Passage<Answer> | null> => {
    const usesOwn = outage !== null && outage.probes++ % 2 === 1;
    if (usesOwn) {
      const passage = await askOne(ask, () => true, signal);
      if (passage.kind !== 'keyError') return passage;
      if (isAnswer(passage.error)) answered();
      else close(passage.error);
      return outage === null ? passage : { kind: 'outage', hasFailed: false };
    }
    const error = await check(signal);
    if (error === null) answered();
    else close(error);
    return outage === null ? null : { kind: 'outage', hasFailed: false };
  };

  const askAsProbe = async <Answer>(
    probe: Probe,
    ask: Ask<Answer>,
    signal: AbortSignal,
  ): Promise<Passage<Answer> | null> => {
    try {
      return await askInOutage(ask, signal);
    } finally {
      if (outage !== null && outage.probe === probe) outage.probe = null;
      probe.resolve();
    }
  };

  const askWhenOpen = async <Answer>(
    ask: Ask<Answer>,
    signal: AbortSignal,
  ): Promise<Passage<Answer>> => {
    const passage = await askOne(ask, () => outage === null, signal);
    if (passage.kind !== 'keyError') return passage;
    if (isAnswer(passage.error)) answered();
    else if (await isOutage(signal)) return { kind: 'outage', hasFailed: true };
    return passage;
  };

  return {
    /** Whether a query would have to wait now, or an outage is suspected. */
    mustWait: (): boolean =>
      checking !== null || (outage !== null && (outage.probe !== null || clock() < outage.retryAt)),
    /** Waits for its turn and queries. Rejects as `ask` does with anything but a `RouteQueryError`, or on `signal`. */
    async through<Answer>(ask: Ask<Answer>, signal: AbortSignal): Promise<Passage<Answer>> {
      for (;;) {
        const probe = await takeTurn(signal);
        if (probe === null) return await askWhenOpen(ask, signal);
        const passage = await askAsProbe(probe, ask, signal);
        if (passage !== null) return passage;
      }
    },
    /** Logs, once per outage, that an old answer is in use. */
    staleAnswerUsed(): void {
      if (outage === null || outage.logged.has('stale')) return;
      outage.logged.add('stale');
      logger.warn('route_cache_stale');
    },
  };
}

/** The database has answered, but not with a route. */
function isAnswer({ code }: RouteQueryError): boolean {
  return code === 'ROW_INVALID';
}

function asQueryError(thrown: unknown): RouteQueryError {
  if (thrown instanceof RouteQueryError) return thrown;
  const error = toError(thrown);
  return new RouteQueryError('unavailable', error.name, error.message, { cause: error });
}
