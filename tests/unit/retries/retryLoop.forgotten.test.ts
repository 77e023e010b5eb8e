import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { answered, aRetry, aSubject, aWebhook } from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { createFakeSender, deferred } from '../../support/fakePorts.ts';
import { someQueues } from '../../support/someQueues.ts';
import { redeliverIn } from './retrying.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const pass = async (ms: number): Promise<void> => await jest.advanceTimersByTimeAsync(ms);

/** Ports whose calls wait from `hold` to `letGo`. */
function createGates() {
  const held = new Map<string, PromiseWithResolvers<void>>();
  return {
    turn: async (port: string): Promise<void> => await held.get(port)?.promise,
    hold: (port: string): void => void held.set(port, deferred<void>()),
    letGo(port: string): void {
      held.get(port)?.resolve();
      held.delete(port);
    },
  };
}

// The second set of rows was forgotten when the last row of the first set had been released: a row that was ready in it
// stayed claimed, and was never called.
it('calls what is claimed ahead while an earlier row of the endpoint is being released', async () => {
  const gates = createGates();
  const breaker = { threshold: 0.7, cooldownMs: 5_000 };
  const queues = someQueues({ maxInFlight: 4, maxInFlightPerEndpoint: 4, breaker });
  let answer = deferred<void>();
  const sender = createFakeSender(async () => {
    await answer.promise;
    return answered(200);
  });
  const world = redeliverIn({ queues, sender, database: createFakeDatabase(gates.turn) });
  const answerAll = (): void => {
    answer.resolve();
    answer = deferred<void>();
  };
  for (let index = 0; index < 40; index += 1) {
    await world.retries.schedule(aRetry({ subject: aSubject({ smsKey: `sms-${index}` }) }), 0);
  }
  await pass(2_000);
  // Further rows are being claimed when the breaker opens, and released once they have been.
  gates.hold('recheck');
  gates.hold('release');
  answerAll();
  await pass(0);
  for (let times = 0; times < 10; times += 1) {
    queues.ended({ accountId: 28, webhook: aWebhook() }, { statusCode: 500, error: null });
  }
  gates.letGo('recheck');
  await pass(0);
  answerAll();
  await pass(4_000);
  expect(world.retries.writes.some((what) => what.startsWith('release'))).toBe(true);
  const sentBefore = sender.sent.length;
  // The endpoint is called again, and rows are claimed ahead anew.
  await pass(4_000);
  answerAll();
  await pass(100);
  expect(sender.sent.length).toBeGreaterThan(sentBefore + 1);
  gates.letGo('release');
  await pass(0);
  for (let times = 0; times < 40; times += 1) {
    answerAll();
    await pass(500);
  }
  expect([...world.retries.rows.keys()]).toEqual([]);
  expect(sender.sent).toHaveLength(40);
  await world.stop();
});
