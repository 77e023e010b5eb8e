import { beforeEach, describe, expect, it } from '@jest/globals';
import { createRetries, type Retries } from '../support/mongoRetries.ts';
import { retryFor } from '../support/someRetries.ts';
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

// All that were scheduled in the same moment were written again and again, and none of them went on.
describe('a notification that durable state refuses for good', () => {
  const expectAlone = (results: readonly unknown[]): void => {
    expect(results.filter((result) => result === 'refused')).toHaveLength(1);
    expect(results[names.indexOf(POISON)]).toBe('refused');
    const [line] = retries.logger.of('record_failed');
    expect(line?.fields).toMatchObject({ notificationId: `${POISON}:DELIVERED`, code: '121' });
  };

  it('keeps none that is scheduled beside it from being scheduled', async () => {
    const { store, rows } = retries;
    expectAlone(await Promise.all(names.map((name) => store.schedule(retryFor(name), 0))));
    expect(await rows.countDocuments()).toBe(names.length - 1);
  });

  it('is not taken for one that somebody else has', async () => {
    const { store } = retries;
    expectAlone(await Promise.all(names.map((name) => store.scheduleClaimed(retryFor(name)))));
  });
});
