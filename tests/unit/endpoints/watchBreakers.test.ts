import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BreakerView } from '../../../src/ports/endpoints.ts';
import { watchBreakers } from '../../../src/endpoints/watchBreakers.ts';
import { aCalled, aFailure, aNotification, aWebhook } from '../../support/builders.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { createHeld, names, pass } from './heldQueues.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const cooldownMs = 30_000;
/** The server's clock is a year ahead of this machine's. */
const aheadMs = 31_536_000_000;

function createWatched() {
  const logger = createMemoryLogger();
  const shown = new Map<string, BreakerView>();
  const views = {
    show: (breaker: BreakerView) => void shown.set(breaker.webhook.endpointKey, breaker),
    remove: (endpointKey: string) => void shown.delete(endpointKey),
  };
  const clock = { now: () => Date.now() + aheadMs };
  const held = createHeld({
    maxInFlight: 9,
    maxInFlightPerEndpoint: 3,
    breaker: { threshold: 0.7, cooldownMs },
    breakerWatcher: watchBreakers({ views, clock, logger }),
  });
  const fail = (times: number): void => {
    for (let attempts = 0; attempts < times; attempts += 1) {
      held.queues.ended(aCalled('a'), aFailure);
    }
  };
  const later = (ms: number): Date => new Date(clock.now() + ms);
  return { ...held, logger, shown, fail, later };
}

const who = { accountId: 28, webhookId: 7, url: 'https://customer.example/hook' };

describe('a breaker that opens', () => {
  it('is reported once, with whose it is, why, and when it is tried again', () => {
    const { fail, logger, shown, later } = createWatched();
    fail(9);
    expect(logger.lines).toEqual([]);
    fail(4);
    const seen = { since: later(0), failures: 10, lastStatusCode: 500, lastError: null };
    const nextProbeAt = later(cooldownMs);
    const fields = { ...who, ...seen, nextProbeAt };
    expect(logger.lines).toEqual([{ level: 'warn', event: 'breaker_opened', fields }]);
    expect(shown.get('a')).toMatchObject({ accountId: 28, ...seen, nextProbeAt });
  });

  it('keeps neither bodies nor secrets', () => {
    const { queues, shown, logger, later } = createWatched();
    const notification = aNotification({ webhook: aWebhook({ endpointKey: 'a' }) });
    for (let attempts = 0; attempts < 10; attempts += 1) queues.ended(notification, aFailure);
    expect(JSON.stringify([...shown.values(), logger.lines])).not.toMatch(/secret|phonon-uuid/);
    expect(shown.get('a')?.since).toEqual(later(0));
  });
});

describe('a breaker that is open', () => {
  it('is reported again with each probe that fails, as open since it opened', async () => {
    const { come, fail, end, logger, shown, later, leave } = createWatched();
    fail(10);
    const since = later(0);
    await pass(cooldownMs);
    for (const name of names('r', 2)) come('a', name, 'scheduled');
    await pass(0);
    fail(1);
    await end('r1');
    const [line] = logger.of('breaker_probe_failed');
    const nextProbeAt = later(cooldownMs);
    expect(line?.fields).toMatchObject({ ...who, since, failures: 11, nextProbeAt });
    expect(shown.get('a')).toMatchObject({ since, failures: 11, nextProbeAt });
    leave();
  });

  it.each<readonly [string, (watched: ReturnType<typeof createWatched>) => Promise<void>]>([
    [
      'delivered',
      async ({ queues, come }) => {
        await pass(cooldownMs);
        come('a', 'r1', 'scheduled');
        queues.ended(aCalled('a'), null);
      },
    ],
    [
      'endpoint_disabled',
      async ({ queues }) => {
        await pass(cooldownMs);
        queues.endpointDisabled('a');
      },
    ],
    [
      'nothing_due',
      async ({ queues }) => {
        queues.setDue(new Set());
        await pass(cooldownMs + 60_000);
        queues.setDue(new Set());
      },
    ],
  ])('is reported when it closes, and shown no more: %s', async (why, close) => {
    const watched = createWatched();
    watched.fail(10);
    await close(watched);
    const openSeconds = why === 'nothing_due' ? 90 : 30;
    const fields = { ...who, why, openSeconds };
    expect(watched.logger.of('breaker_closed')).toMatchObject([{ fields }]);
    expect(watched.shown.size).toBe(0);
    watched.leave();
  });

  it('is not reported again when it is closed already', () => {
    const { queues, logger } = createWatched();
    queues.ended(aCalled('a'), null);
    queues.endpointDisabled('a');
    queues.setDue(new Set());
    expect(logger.lines).toEqual([]);
  });
});
