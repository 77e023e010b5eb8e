import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { aRetry, aSubject } from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { redeliverIn } from './retrying.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** How long a database takes over what a row that is claimed beside its sibling leads to. */
const tookMs: Readonly<Record<string, number>> = { recheck: 50, release: 200 };

it('calls two statuses of one SMS that are due together one after the other, however slow letting go is', async () => {
  const database = createFakeDatabase(async (port) => {
    const ms = tookMs[port];
    if (ms !== undefined) await new Promise((resolve) => setTimeout(resolve, ms));
  });
  const world = redeliverIn({ database });
  for (const deliveryStatus of ['SENT', 'DELIVERED']) {
    await world.retries.schedule(aRetry({ subject: aSubject({ deliveryStatus }) }), 0);
  }
  await jest.advanceTimersByTimeAsync(60_000);
  const notified = world.sender.sent.map(({ notificationId }) => notificationId);
  expect(notified).toEqual(['sms-1:SENT', 'sms-1:DELIVERED']);
  await world.stop();
});
