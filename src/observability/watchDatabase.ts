import { abortReason, delay, pause } from '../runtime/abort.ts';
import { createBackoff } from '../runtime/retry.ts';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Health } from './health.ts';

export interface DatabaseWatch {
  readonly component: 'mongodb' | 'mysql' | 'kafka';
  readonly health: Health;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

const CHECK_EVERY_MS = 5_000;
const CHECK_EVERY_MS_WHILE_AWAY = 2_000;

const events = {
  mongodb: {
    waiting: 'waiting_for_mongodb',
    lost: 'mongodb_unreachable',
    back: 'mongodb_recovered',
  },
  mysql: { waiting: 'waiting_for_mysql', lost: 'mysql_unreachable', back: 'mysql_recovered' },
  kafka: { waiting: 'waiting_for_kafka', lost: 'kafka_unreachable', back: 'kafka_recovered' },
} as const;

/**
 * Checks a database at the start, for as long as it takes to answer: a worker may well start before its
 * databases do. Rejects with a `ConfigurationError` that `check` throws, or when the worker stops.
 */
export async function untilReady<Result>(
  watch: DatabaseWatch,
  check: () => Promise<Result>,
): Promise<Result> {
  const { component, health, logger, stopping } = watch;
  const backoff = createBackoff({ minMs: 500, maxMs: 5_000 });
  for (;;) {
    stopping.throwIfAborted();
    health.turned(component);
    try {
      const result = await check();
      health.set(component, { status: 'ok', detail: 'answers' });
      return result;
    } catch (thrown) {
      if (stopping.aborted) throw abortReason(stopping);
      if (thrown instanceof ConfigurationError) throw thrown;
      const error = toError(thrown);
      const waitMs = Math.round(backoff.next());
      health.set(component, { status: 'fail', detail: error.message });
      logger.warn(events[component].waiting, { waitMs, error });
      await delay(waitMs, stopping);
    }
  }
}

/** Checks until the worker stops, so that `/readyz` shows the database's current state. */
export async function watchDatabase(
  watch: DatabaseWatch,
  check: () => Promise<unknown>,
): Promise<void> {
  const { component, health, logger, stopping } = watch;
  let answered = true;
  while (!stopping.aborted) {
    health.turned(component);
    try {
      await check();
      if (!answered) logger.warn(events[component].back);
      answered = true;
      health.set(component, { status: 'ok', detail: 'answers' });
    } catch (thrown) {
      if (stopping.aborted) return;
      const error = toError(thrown);
      if (answered) logger.error(events[component].lost, { error });
      answered = false;
      // MySQL's tables can be fixed while the worker waits; the MongoDB settings are read at the start only.
      if (component === 'mongodb' && error instanceof ConfigurationError) {
        health.hopeless(component, error.message);
      } else {
        health.set(component, { status: 'fail', detail: error.message });
      }
    }
    const waitMs = answered ? CHECK_EVERY_MS : CHECK_EVERY_MS_WHILE_AWAY;
    await pause(waitMs, stopping);
  }
}
