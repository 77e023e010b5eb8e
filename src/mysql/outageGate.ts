import { createBackoff, type Backoff } from '../runtime/backoff.ts';
import type { Logger } from '../runtime/logger.ts';
import { RouteQueryError, type RouteErrorKind } from './errors.ts';
import { orAbort } from '../runtime/abort.ts';

/**
 * Stands before the database. Two states:
 * - open: whoever asks goes through
 * - closed, from a failure that concerns everyone until the next answer: one caller at a time goes
 *   through as the probe, at the pace of a backoff; the others wait for what it finds
 */
export interface OutageGate {
  /** Whether asking now would mean waiting. */
  mustWait(): boolean;
  /** Waits for its turn, asks, and learns from what comes of it. Rejects as `ask` does, or by `signal`. */
  through<Answer>(ask: () => Promise<Answer>, signal: AbortSignal): Promise<Answer>;
  /** Logs, once per outage, that an old answer is in use. */
  staleAnswerUsed(): void;
}

export interface OutageGateOptions {
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
}

interface Probe {
  readonly ended: Promise<void>;
  end(): void;
}

const minBackoffMs = 200;
const maxBackoffMs = 5000;

export function createOutageGate({ clock, delay, random, logger }: OutageGateOptions): OutageGate {
  let outage: Outage | null = null;

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

  const begin = (): Outage => {
    const backoff = createBackoff({ minMs: minBackoffMs, maxMs: maxBackoffMs, random });
    const now = clock();
    return { since: now, backoff, logged: new Set(), retryAt: now + backoff.next(), probe: null };
  };

  const close = (error: RouteQueryError, probe: Probe | null): void => {
    // Calls that went through before the outage fail after it began; they do not prolong it.
    if (outage === null) outage = begin();
    else if (probe !== null) outage.retryAt = clock() + outage.backoff.next();
    if (outage.logged.has(error.kind)) return;
    outage.logged.add(error.kind);
    const fields = { kind: error.kind, code: error.code, problem: error.message };
    if (error.kind === 'unavailable') logger.warn('mysql_unreachable', fields);
    else logger.error('mysql_schema_error', fields);
  };

  const open = (): void => {
    if (outage === null) return;
    logger.warn('mysql_answers_again', { afterMs: Math.round(clock() - outage.since) });
    outage.probe?.end();
    outage = null;
  };

  return {
    mustWait: () => outage !== null && (outage.probe !== null || clock() < outage.retryAt),
    async through(ask, signal) {
      const probe = await takeTurn(signal);
      try {
        const answer = await ask();
        open();
        return answer;
      } catch (error) {
        if (error instanceof RouteQueryError) {
          if (error.kind === 'key') open();
          else close(error, probe);
        }
        throw error;
      } finally {
        if (outage !== null && outage.probe === probe) outage.probe = null;
        probe?.end();
      }
    },
    staleAnswerUsed() {
      if (outage === null || outage.logged.has('stale')) return;
      outage.logged.add('stale');
      logger.warn('route_cache_stale');
    },
  };
}

function createProbe(): Probe {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { ended, end: () => end() };
}
