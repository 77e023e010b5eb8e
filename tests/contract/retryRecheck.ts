import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ClaimedRetry, RetryStore } from '../../src/ports/retries.ts';
import { aSubject } from '../support/builders.ts';
import { delivered, skipped } from '../support/mongoRecords.ts';
import { anEnding } from '../support/someEndings.ts';
import { claimUpTo, newClaim, retryFor } from '../support/someRetries.ts';
import type { RetriesUnderTest } from './retriesUnderTest.ts';

/** What every `RetryStore` says of a claimed row: whether it has ended, or its SMS is being called for, elsewhere. */
export function describeRetryRecheck(underTest: () => RetriesUnderTest): void {
  let retries: RetriesUnderTest;
  let store: RetryStore;
  beforeEach(() => {
    retries = underTest();
    ({ store } = retries);
  });

  async function claimFirst(fields: Parameters<typeof retryFor>[1] = {}): Promise<ClaimedRetry> {
    await store.schedule(retryFor('sms-1', fields), 0);
    const [claimed] = await claimUpTo(store, 1);
    if (claimed === undefined) throw new Error('nothing was due');
    return claimed;
  }

  describe('rechecking a claimed row', () => {
    it('finds it open when it has not ended and its SMS has no other', async () => {
      const claimed = await claimFirst();
      await retries.another().scheduleClaimed(retryFor('sms-2'));
      await retries.remember(anEnding('sms-1', { record: delivered('SENT', { at: 1 }) }));
      await retries.remember(anEnding('sms-10'));
      expect(await store.recheck(claimed)).toEqual({ ended: null, siblingClaimed: false });
    });

    it('tells how the ledger says it ended', async () => {
      const claimed = await claimFirst();
      const ending = anEnding('sms-1');
      await retries.remember(ending);
      const { notificationId, record } = ending;
      expect(await store.recheck(claimed)).toEqual({
        ended: { notificationId, record },
        siblingClaimed: false,
      });
    });

    it('tells of an end that has no record', async () => {
      const claimed = await claimFirst();
      const record = skipped('DELIVERED', { at: 1 });
      await retries.remember(anEnding('sms-1', { record, showRecord: false }));
      expect(await store.recheck(claimed)).toMatchObject({
        ended: { notificationId: 'sms-1:DELIVERED', record: null },
      });
    });

    it('of a replay tells of an end only when it is of the same run', async () => {
      const claimed = await claimFirst({ subject: aSubject({ run: 'run-2' }) });
      for (const run of [{}, { run: 'run-1' }]) {
        await retries.remember(anEnding('sms-1', run));
        expect(await store.recheck(claimed)).toMatchObject({ ended: null });
      }
      await retries.remember(anEnding('sms-1', { run: 'run-2' }));
      expect(await store.recheck(claimed)).toMatchObject({
        ended: { notificationId: 'sms-1:DELIVERED', run: 'run-2' },
      });
    });

    it('of no replay tells of an end in whatever run', async () => {
      const claimed = await claimFirst();
      await retries.remember(anEnding('sms-1', { run: 'run-1' }));
      expect(await store.recheck(claimed)).toMatchObject({ ended: { run: 'run-1' } });
    });

    it('tells of another status of its SMS only while somebody else has claimed that', async () => {
      const claimed = await claimFirst();
      const siblingClaimed = async (): Promise<boolean> => {
        const rechecked = await store.recheck(claimed);
        return rechecked !== 'refused' && rechecked.siblingClaimed;
      };
      const other = retries.another();
      const sibling = retryFor('sms-1', { deliveryStatus: 'SENT' });
      const claim = await newClaim(other, sibling);
      expect(await siblingClaimed()).toBe(true);
      await other.release('sms-1:SENT', claim, null, 3_600_000);
      expect(await siblingClaimed()).toBe(false);
    });

    it('does not tell of another whose claim has run out, or is its own', async () => {
      const claimed = await claimFirst();
      await store.scheduleClaimed(retryFor('sms-1', { deliveryStatus: 'READ' }));
      const sibling = retryFor('sms-1', { deliveryStatus: 'SENT' });
      await retries.another().scheduleClaimed(sibling);
      await retries.makeDue('sms-1:SENT');
      expect(await store.recheck(claimed)).toMatchObject({ siblingClaimed: false });
    });
  });
}
