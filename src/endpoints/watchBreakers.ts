import type { Openness } from './breaker.ts';
import type { LogFields, Logger } from '../runtime/logger.ts';
import type { BreakerWatcher } from './breaker.ts';
import type { BreakerViews, Called, BreakerView } from '../ports/endpoints.ts';
import type { ServerClock } from '../ports/notify.ts';

/** Has people see which endpoints are spared, since when and why: in the log, and where commands read it. */
export function watchBreakers({
  views,
  clock,
  logger,
}: {
  readonly views: BreakerViews;
  readonly clock: ServerClock;
  readonly logger: Logger;
}): BreakerWatcher {
  return {
    open(called, openness, turn) {
      const breaker = viewOf(called, openness, clock);
      views.show(breaker);
      const { nextProbeAt } = breaker;
      const fields = { ...fieldsOf(breaker), nextProbeAt };
      if (turn === 'opened') logger.warn('breaker_opened', fields);
      else logger.info('breaker_probe_failed', fields);
    },
    closed(called, openness, why) {
      views.remove(called.webhook.endpointKey);
      const breaker = viewOf(called, openness, clock);
      const openSeconds = Math.round((performance.now() - openness.sinceMs) / 1_000);
      logger.warn('breaker_closed', { ...fieldsOf(breaker), why, openSeconds });
    },
  };
}

function viewOf(
  { accountId, webhook }: Called,
  { sinceMs, failures, last, probeFromMs }: Openness,
  clock: ServerClock,
): BreakerView {
  const offsetMs = clock.now() - performance.now();
  return {
    accountId,
    webhook,
    since: new Date(offsetMs + sinceMs),
    failures,
    lastStatusCode: last.statusCode,
    lastError: last.error,
    nextProbeAt: new Date(offsetMs + probeFromMs),
  };
}

function fieldsOf({ accountId, webhook, ...seen }: BreakerView): LogFields {
  const { since, failures, lastStatusCode, lastError } = seen;
  const { webhookId, displayUrl: url } = webhook;
  return { accountId, webhookId, url, since, failures, lastStatusCode, lastError };
}
