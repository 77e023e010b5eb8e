import { beforeEach, describe, expect, it } from '@jest/globals';
import { noAttempts } from '../../src/domain/attempt.ts';
import type { NewRetry, RetryStore } from '../../src/ports/retries.ts';
import { aLog, answered } from '../support/builders.ts';
import {
  briefLog,
  claimUpTo,
  idsOfClaimed,
  newClaim,
  otherWebhook,
  retryFor,
  storedRetryOf,
  trickyLog,
} from '../support/someRetries.ts';
import { claimMsOf, expectDueIn, type RetriesUnderTest } from './retriesUnderTest.ts';

const id = 'sms-1:DELIVERED';
const update = { log: briefLog, webhook: otherWebhook, undecided: null };

/** What every `RetryStore` does of scheduling, attempts and release. */
export function describeRetryStore(underTest: () => RetriesUnderTest): void {
  let retries: RetriesUnderTest;
  let store: RetryStore;
  beforeEach(() => {
    retries = underTest();
    ({ store } = retries);
  });

  async function scheduleClaimed(retry: NewRetry): Promise<string> {
    const claim = await newClaim(store, retry);
    return claim;
  }

  describe('scheduling a retry', () => {
    it('adds a row that is due after the wait, by the clock of the server', async () => {
      const due = await store.schedule(retryFor('sms-1'), 3_600_000);
      await expectDueIn(retries, id, 3_600_000);
      expect(await retries.row(id)).toMatchObject({ dueAt: due, claim: null });
      expect(await claimUpTo(store, 10)).toEqual([]);
    });

    it('leaves the row that is there as it is, and says when that one is due', async () => {
      const due = await store.schedule(retryFor('sms-1', { log: briefLog }), 3_600_000);
      const before = await retries.stored();
      for (const log of [noAttempts, trickyLog, briefLog]) {
        const other = retryFor('sms-1', { log, webhook: otherWebhook });
        expect(await store.schedule(other, 5_000)).toEqual(due);
      }
      expect(await retries.stored()).toEqual(before);
    });

    it('takes the place of a row that nobody has claimed and that knows of fewer attempts', async () => {
      await store.schedule(retryFor('sms-1', { log: trickyLog }), 3_600_000);
      const other = retryFor('sms-1', { log: briefLog, webhook: otherWebhook });
      await store.schedule(other, 60_000);
      expect(await retries.row(id)).toMatchObject({
        retry: { log: briefLog },
        endpointKey: otherWebhook.endpointKey,
      });
      await expectDueIn(retries, id, 60_000);
    });

    it('leaves a row that somebody has claimed to its owner', async () => {
      const claim = await scheduleClaimed(retryFor('sms-1'));
      await store.schedule(retryFor('sms-1'), 0);
      expect(await retries.row(id)).toMatchObject({ claim });
      await expectDueIn(retries, id, claimMsOf(store));
    });

    it('answers each of many that are scheduled at once', async () => {
      const waits = Array.from({ length: 250 }, (_, index) => index * 60_000 + 60_000);
      const dues = await Promise.all(
        waits.map(async (waitMs) => await store.schedule(retryFor(`sms-${waitMs}`), waitMs)),
      );
      const rows = await Promise.all(
        waits.map(async (waitMs) => await retries.row(`sms-${waitMs}:DELIVERED`)),
      );
      expect(rows.map((row) => row?.dueAt)).toEqual(dues);
      expect(await retries.stored()).toHaveLength(waits.length);
    });
  });

  describe('scheduling a retry under a claim', () => {
    it('gives the claim, which holds for a while', async () => {
      const claim = await scheduleClaimed(retryFor('sms-1'));
      expect(await retries.row(id)).toMatchObject({ claim });
      await expectDueIn(retries, id, claimMsOf(store));
      expect(await claimUpTo(store, 10)).toEqual([]);
    });

    it('gives null when there is a row, claimed or not, and leaves it alone', async () => {
      await scheduleClaimed(retryFor('sms-1'));
      await store.schedule(retryFor('sms-2', { log: trickyLog }), 0);
      const before = await retries.stored();
      expect(await store.scheduleClaimed(retryFor('sms-1', { log: trickyLog }))).toBe('taken');
      expect(await store.scheduleClaimed(retryFor('sms-2', { log: trickyLog }))).toBe('taken');
      expect(await retries.stored()).toEqual(before);
    });

    it('gives the claim to one of many workers', async () => {
      const workers = Array.from({ length: 20 }, () => retries.another());
      const claims = await Promise.all(
        workers.map(async (worker) => await worker.scheduleClaimed(retryFor('sms-1'))),
      );
      const won = claims.flatMap((claim) => (typeof claim === 'string' ? [] : claim.token));
      expect(won).toHaveLength(1);
      expect(await retries.row(id)).toMatchObject({ claim: won[0] });
    });
  });

  describe('a row that a command added beside a call', () => {
    it('gives way to what the call knows, claimed or released', async () => {
      await store.schedule(retryFor('sms-1'), 0);
      await store.schedule(retryFor('sms-2'), 0);
      const log = aLog(answered(503));
      const claim = await scheduleClaimed(retryFor('sms-1', { log }));
      expect(claim).not.toBe('');
      const dueAt = await store.schedule(retryFor('sms-2', { log }), 3_600_000);
      expect(await retries.row(id)).toMatchObject({ retry: { log: { begun: 1 } }, claim });
      expect(await retries.row('sms-2:DELIVERED')).toMatchObject({
        retry: { log: { begun: 1 } },
        dueAt,
      });
      expect(await retries.dueInMs('sms-2:DELIVERED')).toBeGreaterThan(3_500_000);
    });

    it('stays when somebody has claimed it, or it knows of as many attempts', async () => {
      await store.schedule(retryFor('sms-1'), 0);
      await claimUpTo(store, 1);
      await store.schedule(retryFor('sms-2', { log: aLog(answered(500)) }), 60_000);
      for (const smsKey of ['sms-1', 'sms-2']) {
        const retry = retryFor(smsKey, { log: aLog(answered(503)) });
        expect(await store.scheduleClaimed(retry)).toBe('taken');
      }
      expect(await retries.row(id)).toMatchObject({ retry: { log: { begun: 0 } } });
      expect(await retries.row('sms-2:DELIVERED')).toMatchObject({
        retry: { log: { last: { statusCode: 500 } } },
      });
    });
  });

  describe('the beginning of an attempt', () => {
    it('is counted in the row, whose log is replaced whole', async () => {
      const claim = await scheduleClaimed(retryFor('sms-1', { log: trickyLog }));
      for (const log of [briefLog, trickyLog]) {
        expect(await store.beginAttempt(id, claim, log)).toBe('begun');
        const row = await retries.row(id);
        expect(row?.claim).toBe(claim);
        expect(row?.retry.log).toStrictEqual(log);
      }
    });

    it('extends the claim', async () => {
      const claim = await scheduleClaimed(retryFor('sms-1'));
      await retries.makeDue(id, 0);
      expect(await store.beginAttempt(id, claim, briefLog)).toBe('begun');
      await expectDueIn(retries, id, claimMsOf(store));
    });

    it.each(['a token of somebody else', ''])(
      'writes nothing without the claim: "%s"',
      async (claim) => {
        await scheduleClaimed(retryFor('sms-1'));
        const before = await retries.stored();
        expect(await store.beginAttempt(id, claim, briefLog)).toBe('lost');
        expect(await store.beginAttempt('sms-2:DELIVERED', claim, briefLog)).toBe('lost');
        expect(await retries.stored()).toEqual(before);
      },
    );
  });

  describe('releasing a row', () => {
    it('makes it due after the wait, by the clock of the server, and nobody has it', async () => {
      const claim = await scheduleClaimed(retryFor('sms-1'));
      const dueAt = await store.release(id, claim, null, 1_800_000);
      await expectDueIn(retries, id, 1_800_000);
      expect(await retries.row(id)).toMatchObject({ dueAt, claim: null });
      expect(await store.beginAttempt(id, claim, briefLog)).toBe('lost');
    });

    it('without an update keeps all the row says; with one says just that', async () => {
      const retry = retryFor('sms-1', { log: trickyLog });
      await store.release(id, await scheduleClaimed(retry), null, 0);
      const [kept] = await claimUpTo(store, 1);
      expect(kept?.retry).toStrictEqual(storedRetryOf(retry));
      await store.release(id, kept?.token ?? '', update, 0);
      expect(await retries.row(id)).toMatchObject({
        retry: { log: { begun: 5 } },
        endpointKey: otherWebhook.endpointKey,
      });
      const [changed] = await claimUpTo(store, 1, otherWebhook);
      expect(changed?.retry).toStrictEqual(storedRetryOf({ ...retry, ...update }));
    });

    it('gives null, and writes nothing, without the claim', async () => {
      const claim = await scheduleClaimed(retryFor('sms-1'));
      const before = await retries.stored();
      expect(await store.release(id, 'another', update, 0)).toBe('lost');
      expect(await store.release('sms-2:DELIVERED', claim, update, 0)).toBe('lost');
      expect(await retries.stored()).toEqual(before);
    });

    it('gives null when another has claimed the row since', async () => {
      const claim = await scheduleClaimed(retryFor('sms-1'));
      await store.release(id, claim, null, 0);
      expect(idsOfClaimed(await claimUpTo(retries.another(), 1))).toEqual([id]);
      const before = await retries.stored();
      expect(await store.release(id, claim, null, 0)).toBe('lost');
      expect(await retries.stored()).toEqual(before);
    });

    it('says once more when it is due, as to one that has lost the answer', async () => {
      const claim = await scheduleClaimed(retryFor('sms-1'));
      await store.release(id, claim, update, 1_800_000);
      const dueAt = await store.release(id, claim, update, 1_800_000);
      expect(await retries.row(id)).toMatchObject({ dueAt, claim: null });
      await expectDueIn(retries, id, 1_800_000);
    });
  });
}
