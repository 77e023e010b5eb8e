import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { answered } from '../../support/builders.ts';
import { createReceiving, deliverIn } from './delivering.ts';

const id = 'sms-1:DELIVERED';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a notification that was answered with much text', () => {
  it.each<[string, number, readonly string[]]>([
    ['has room', 1_000_000, [`scheduleClaimed ${id}`, `beginAttempt ${id}`]],
    ['has none', 100_000, [`schedule ${id}`]],
  ])(
    'waits for its quick retry in memory only while its response %s',
    async (_what, responsesBytes, writes) => {
      const response = { text: 'x'.repeat(100_000), encoding: 'utf8', truncated: false } as const;
      const world = createReceiving([answered(500, { response }), answered(200)], {
        responsesBytes,
      });
      const ended = deliverIn(world);
      await jest.advanceTimersByTimeAsync(10_000);
      await ended;
      expect(world.retries.writes).toEqual(writes);
      expect(world.ctx.memory.responses.room).toBe(responsesBytes);
      expect(world.database.endings.at(-1)?.record).toMatchObject({
        state: writes.length === 1 ? 'retrying' : 'delivered',
      });
    },
  );
});
