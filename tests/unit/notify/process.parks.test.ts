import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Change } from '../../../src/domain/change.ts';
import type { PlainDocument } from '../../../src/domain/plainValue.ts';
import { createProcess } from '../../../src/notify/process.ts';
import { aChange, aDocument, aPosition, aRetry, aSubject } from '../../support/builders.ts';
import { Refused } from '../../support/fakeRetries.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import { createFakeRoutes } from '../../support/fakePorts.ts';
import { createWorld, type World, type WorldOptions } from '../../support/world.ts';

/** As a gap scan brings it: set just now, in a gap that has just ended. */
function found(fields: PlainDocument = {}): Change {
  const document = aDocument({ deliveryTime: new Date(), ...fields });
  const { deliveryStatus = null } = document;
  const now = new Date();
  const place = { statusAt: now, setBefore: now, position: aPosition(0) };
  return aChange({ operation: 'replace', document, setFields: {}, deliveryStatus, ...place });
}

const HOUR_MS = 3_600_000;

async function park(options: WorldOptions, ...changes: readonly Change[]) {
  const world = createWorld(options);
  return { ...world, isNew: await parkIn(world, ...changes) };
}

async function parkIn({ ctx }: World, ...changes: readonly Change[]): Promise<readonly boolean[]> {
  const process = createProcess(ctx, { parksAll: true });
  return await Promise.all(
    changes.map(async (change) => {
      const { durable, finished } = process(change);
      await finished;
      return await durable;
    }),
  );
}

describe('a status that is parked', () => {
  it('waits in durable state, undecided, and nobody is asked or called', async () => {
    const { isNew, retries, routes, sender, ctx } = await park({}, found());
    expect(isNew).toEqual([true]);
    expect([...retries.rows.values()]).toMatchObject([
      {
        claim: null,
        retry: {
          subject: { notificationId: 'sms-1:DELIVERED' },
          accountId: 28,
          flowId: 200,
          webhook: null,
          undecided: { isStale: false, lookUps: 0 },
        },
      },
    ]);
    const [row] = retries.rows.values();
    expect(row?.dueAtMs).toBeLessThanOrEqual(Date.now());
    expect(routes.asked).toEqual([]);
    expect(sender.sent).toEqual([]);
    expect(ctx.active.size).toBe(0);
  });

  it('is stale where it was when it was found', async () => {
    const { retries } = await park({}, found({ deliveryTime: new Date(Date.now() - 2 * HOUR_MS) }));
    const [row] = retries.rows.values();
    expect(row?.retry.undecided).toEqual({ isStale: true, lookUps: 0 });
  });

  it('is one of many: those found twice and those known before are no new ones', async () => {
    const world = createWorld();
    await world.retries.schedule(aRetry({ subject: aSubject({ smsKey: 'waits' }) }), HOUR_MS);
    const ended = { ...aSubject({ smsKey: 'ended' }), accountId: 28 };
    const record = { state: 'failed', notificationId: 'ended:DELIVERED' } as const;
    await world.ctx.recorder.end(ended, { ...shown, ...record }, null);
    const isNew = await parkIn(
      world,
      ...['new', 'new', 'waits', 'ended'].map((id) => ({ ...found({ _id: id }), id })),
      {
        ...found({ _id: 'shown', notify_on_delivery: { ...shown } }),
        id: 'shown',
      },
    );
    expect(isNew.filter(Boolean)).toHaveLength(1);
    expect([...world.retries.rows.keys()]).toEqual(['waits:DELIVERED', 'new:DELIVERED']);
  });

  it('that can’t be used ends at once', async () => {
    const { isNew, retries, database } = await park({}, found({ accountID: null }));
    expect(isNew).toEqual([true]);
    expect(retries.rows.size).toBe(0);
    expect(database.ended('sms-1:DELIVERED')).toMatchObject({
      record: { state: 'skipped', reason: 'unusable_document' },
    });
  });

  it('is not asked for: the status is left out by setting', async () => {
    const { isNew, retries } = await park({ deliveryStatuses: ['SENT'] }, found());
    expect(isNew).toEqual([false]);
    expect(retries.rows.size).toBe(0);
  });
});

const shown = {
  state: 'delivered',
  deliveryStatus: 'DELIVERED',
  statusAt: aPosition(1).wallTime,
  notificationId: 'shown:DELIVERED',
} as const;

describe('a status that can’t be parked', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  async function expectDelivered(options: WorldOptions, change: Change) {
    const world = createWorld(options);
    const parked = parkIn(world, change);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(await parked).toEqual([true]);
    expect(world.routes.asked).toHaveLength(1);
    expect(world.sender.sent).toHaveLength(1);
    expect(world.database.ended('sms-1:DELIVERED')).toMatchObject({
      record: { state: 'delivered' },
    });
  }

  it('is delivered here: no row can hold it', async () => {
    await expectDelivered({}, found({ text: 'x'.repeat(2_000) }));
  });

  it('is delivered here: its row is refused', async () => {
    const database = createFakeDatabase(async (port) => {
      if (port === 'schedule') throw await Promise.resolve(new Refused());
    });
    await expectDelivered({ database, routes: createFakeRoutes() }, found());
  });
});
