import { beforeEach, describe, expect, it } from '@jest/globals';
import type { RouteKey } from '../../src/domain/route.ts';
import { NO_ENDPOINT, type RetryStore } from '../../src/ports/retries.ts';
import { aWebhook } from '../support/builders.ts';
import {
  claimUpTo,
  idsOfClaimed,
  nothingElse,
  otherWebhook,
  retryFor,
} from '../support/someRetries.ts';
import type { RetriesUnderTest } from './retriesUnderTest.ts';

const HOUR_MS = 3_600_000;
const key: RouteKey = { accountId: 28, flowId: 200, deliveryStatus: 'DELIVERED' };
const { endpointKey } = aWebhook();
const shownOfOther = { webhookId: otherWebhook.webhookId, displayUrl: otherWebhook.displayUrl };

/** What every `RetryStore` does for rows whose route is not known, or was changed. */
export function describeRetryRoutes(underTest: () => RetriesUnderTest): void {
  let retries: RetriesUnderTest;
  let store: RetryStore;
  beforeEach(() => {
    retries = underTest();
    ({ store } = retries);
  });

  describe('rows that wait for their route', () => {
    async function wait(
      name: string,
      { isStale = false, accountId = 28, inMs = HOUR_MS, deliveryStatus = 'DELIVERED' } = {},
    ): Promise<void> {
      const undecided = { isStale, lookUps: 9 };
      const fields = { accountId, flowId: 200, deliveryStatus, webhook: null, undecided };
      await store.schedule(retryFor(name, fields), inMs);
    }

    it('are told apart from those that are due, and from those that wait for something else', async () => {
      await wait('sms-1');
      await wait('sms-2');
      await wait('sms-3', { accountId: 29 });
      await wait('sms-4', { accountId: 30, inMs: 0 });
      await store.schedule(retryFor('sms-5', { accountId: 31 }), HOUR_MS);
      const keys = await store.awaitedRoutes();
      expect(new Set(keys)).toEqual(new Set([key, { ...key, accountId: 29 }]));
      expect(keys).toHaveLength(2);
    });

    it('go where it leads once it is known, and are due there', async () => {
      await wait('sms-1');
      await wait('sms-2', { accountId: 29 });
      await wait('sms-3', { deliveryStatus: 'SENT' });
      await store.endWaitForRoute(key, otherWebhook);
      const claimed = await claimUpTo(store, 5, otherWebhook);
      expect(idsOfClaimed(claimed)).toEqual(['sms-1:DELIVERED']);
      expect(claimed[0]?.retry).toMatchObject({ webhook: shownOfOther, undecided: null });
      for (const id of ['sms-2:DELIVERED', 'sms-3:SENT'])
        expect(await retries.dueInMs(id)).toBeGreaterThan(HOUR_MS / 2);
    });

    it.each([
      ['it leads nowhere', null, false],
      ['they were stale when they came', otherWebhook, true],
    ])('are decided about when %s', async (_what, to, isStale) => {
      await wait('sms-1', { isStale });
      await store.endWaitForRoute(key, to);
      const claimed = await store.claimDue(NO_ENDPOINT, nothingElse);
      expect(claimed?.retry).toMatchObject({ webhook: null, undecided: { isStale, lookUps: 9 } });
    });

    it('are left alone while they are claimed', async () => {
      await wait('sms-1', { inMs: 0 });
      await store.claimDue(NO_ENDPOINT, nothingElse);
      await store.endWaitForRoute(key, otherWebhook);
      expect(await retries.row('sms-1:DELIVERED')).toMatchObject({ endpointKey: NO_ENDPOINT });
    });
  });

  describe('moving what waits', () => {
    it('knows each account, flow and status that waits once', async () => {
      for (const smsKey of ['a', 'b']) await store.schedule(retryFor(smsKey), 0);
      await store.schedule(retryFor('c', { accountId: '9007199254740993' }), HOUR_MS);
      await store.schedule(retryFor('d', { deliveryStatus: 'SENT' }), 0);
      await store.scheduleClaimed(retryFor('e', { accountId: 30 }));
      await store.schedule(retryFor('f', { accountId: 31, webhook: otherWebhook }), 0);
      const keys = await store.routeKeysOf(endpointKey);
      const texts = keys.map(
        ({ accountId, flowId, deliveryStatus }) => `${accountId} ${flowId} ${deliveryStatus}`,
      );
      expect(texts.toSorted()).toEqual([
        '28 200 DELIVERED',
        '28 200 SENT',
        '9007199254740993 200 DELIVERED',
      ]);
    });

    it('has it lead elsewhere, as due as it was, and leaves alone what is not meant', async () => {
      await store.schedule(retryFor('a'), 0);
      await store.schedule(retryFor('b'), HOUR_MS);
      await store.schedule(retryFor('other account', { accountId: 30 }), 0);
      await store.schedule(retryFor('other flow', { flowId: 30 }), 0);
      await store.schedule(retryFor('other status', { deliveryStatus: 'SENT' }), 0);
      await store.scheduleClaimed(retryFor('claimed'));
      await store.move(endpointKey, key, otherWebhook);
      const [moved, none] = await claimUpTo(store, 2, otherWebhook);
      expect(moved?.retry).toMatchObject({ subject: { smsKey: 'a' }, webhook: shownOfOther });
      expect(none).toBeUndefined();
      const leadsTo = async (id: string): Promise<string | undefined> =>
        (await retries.row(id))?.endpointKey;
      expect(await leadsTo('b:DELIVERED')).toBe(otherWebhook.endpointKey);
      for (const name of ['claimed', 'other account', 'other flow'])
        expect(await leadsTo(`${name}:DELIVERED`)).toBe(endpointKey);
      expect(await leadsTo('other status:SENT')).toBe(endpointKey);
    });
  });
}
