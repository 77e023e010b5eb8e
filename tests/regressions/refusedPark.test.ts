import { beforeEach, describe, expect, it } from '@jest/globals';
import { CannotPark } from '../../src/pipeline/retryPort.ts';
import { createRetries, parkable, type Retries } from '../support/mongoRetries.ts';
import { useServers } from '../support/servers.ts';

const servers = useServers(import.meta.url);
const names = Array.from({ length: 20 }, (_, index) => `sms-${index}`);
const POISON = 'sms-7';
let retries: Retries;

beforeEach(async () => {
  const { mongo, database, db } = servers();
  await db.dropDatabase();
  const validator = { sms: { $ne: POISON } };
  await db.createCollection('notify_on_delivery_retries', { validator });
  retries = createRetries(mongo, database);
});

// All that were parked in the same moment were written again and again, and none of them went on.
describe('a notification that durable state refuses for good', () => {
  const expectAlone = (results: readonly PromiseSettledResult<unknown>[]): void => {
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.map(({ reason }) => reason instanceof CannotPark)).toEqual([true]);
    expect(results[names.indexOf(POISON)]?.status).toBe('rejected');
    const [line] = retries.logger.of('record_failed');
    expect(line?.fields).toMatchObject({ notificationId: `${POISON}:DELIVERED`, code: '121' });
  };

  it('keeps none that is parked beside it from being parked', async () => {
    const { store, rows } = retries;
    expectAlone(await Promise.allSettled(names.map((name) => store.park(parkable(name), 0))));
    expect(await rows.countDocuments()).toBe(names.length - 1);
  });

  it('is not taken for one that somebody else has', async () => {
    const { store } = retries;
    expectAlone(await Promise.allSettled(names.map((name) => store.parkClaimed(parkable(name)))));
  });
});
