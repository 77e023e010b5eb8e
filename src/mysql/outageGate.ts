import { createBackoff, type Backoff } from '../runtime/backoff.ts';
import type { Logger } from '../runtime/logger.ts';
import { orAbort } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import { RouteQueryError, type RouteErrorKind } from './errors.ts';

/**
 * Stands before the database, and finds out whom a failure concerns. States:
 * - open: whoever asks goes through. After a failure a harmless question is asked: an answer to it, or to anything
 *   else meanwhile, shows that the failure is of its own key
 * - closed, from a failure of both until the next answer: at the pace of a backoff one caller at a time has the
 *   harmless question asked, or at every other turn its own; the others wait for what it finds
 */
export interface OutageGate {
  /** Whether asking now would mean waiting, or there is doubt. */
  mustWait(): boolean;
  /** Waits for its turn and asks. Rejects as `ask` does with anything but a `RouteQueryError`, or by `signal`. */
  through<Answer>(ask: Ask<Answer>, signal: AbortSignal): Promise<Passage<Answer>>;
  /** Logs, once per outage, that an old answer is in use. */
  staleAnswerUsed(): void;
}

/**
 * To be held against `mayAsk` once what it had to wait for on its way is there; null when it could not ask any more.
 */
type Ask<Answer> = (mayAsk: () => boolean) => Promise<Answer | null>;

type Passage<Answer> =
  | Readonly<{ kind: 'answered'; answer: Answer }>
  /** Others are answered. */
  | Readonly<{ kind: 'keyError'; error: RouteQueryError }>
  /** Nobody is. `hasFailed`: it was asked while others were answered as yet, and may have been the cause. */
  | Readonly<{ kind: 'outage'; hasFailed: boolean }>;

export interface OutageGateOptions {
  /** The harmless question. Rejects with a `RouteQueryError`. */
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

interface Probe {
  readonly ended: Promise<void>;
  end(): void;
}

const minBackoffMs = 200;
const maxBackoffMs = 5000;

export function createOutageGate(options: OutageGateOptions): OutageGate {
  const { clock, delay, random, logger } = options;
  let outage: Outage | null = null;
  let answers = 0;
  let checking: Promise<RouteQueryError | null> | null = null;

  const begin = (): Outage => {
    const backoff = createBackoff({ minMs: minBackoffMs, maxMs: maxBackoffMs, random });
    const since = clock();
    const retryAt = since + backoff.next();
    return { since, backoff, logged: new Set(), retryAt, probe: null, probes: 0 };
  };

  const close = (error: RouteQueryError): void => {
    // Calls that went through before the outage fail after it began; they do not prolong it.
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
    logger.warn('mysql_answers_again', { afterMs: Math.round(clock() - outage.since) });
    outage.probe?.end();
    outage = null;
  };

  /** Shared by all that want to know: one question is enough. It has its own limits of time. */
  const check = async (signal: AbortSignal): Promise<RouteQueryError | null> => {
    checking ??= options
      .check(new AbortController().signal)
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

  /** Null when the gate is open; else this caller is the probe and must end it. */
  const takeTurn = async (signal: AbortSignal): Promise<Probe | null> => {
    while (outage !== null) {
      const waitMs = outage.retryAt - clock();
      if (outage.probe !== null) await orAbort(outage.probe.ended, signal);
      else if (waitMs > 0) await delay(waitMs, signal);
      else return (outage.probe = createProbe());
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

  /** Null when the gate is open now, and what was to be asked has not been as yet. */
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
      probe.end();
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
    mustWait: () =>
      checking !== null || (outage !== null && (outage.probe !== null || clock() < outage.retryAt)),
    async through(ask, signal) {
      for (;;) {
        const probe = await takeTurn(signal);
        if (probe === null) return await askWhenOpen(ask, signal);
        const passage = await askAsProbe(probe, ask, signal);
        if (passage !== null) return passage;
      }
    },
    staleAnswerUsed() {
      if (outage === null || outage.logged.has('stale')) return;
      outage.logged.add('stale');
      logger.warn('route_cache_stale');
    },
  };
}

/** The database has answered, but with what is no route. */
function isAnswer({ code }: RouteQueryError): boolean {
  return code === 'ROW_INVALID';
}

function asQueryError(thrown: unknown): RouteQueryError {
  if (thrown instanceof RouteQueryError) return thrown;
  const error = toError(thrown);
  return new RouteQueryError('unavailable', error.name, error.message, { cause: error });
}

function createProbe(): Probe {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { ended, end: () => end() };
}
