import { beforeEach, describe, expect, it } from '@jest/globals';
import { NO_ENDPOINT, type ClaimedRetry, type RetryStore } from '../../src/ports/retries.ts';
import { aLog, answered, aWebhook } from '../support/builders.ts';
import {
  briefLog,
  claimUpTo,
  idsOfClaimed,
  newClaim,
  nothingElse,
  otherWebhook,
  retryFor,
  storedRetryOf,
} from '../support/someRetries.ts';
import { until } from '../support/until.ts';
import { claimMsOf, expectDueIn, type RetriesUnderTest } from './retriesUnderTest.ts';

const HOUR_MS = 3_600_000;
const { endpointKey } = aWebhook();
const id = 'a:DELIVERED';
const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);

/** What every `RetryStore` does of claims. */
export function describeRetryClaims(underTest: () => RetriesUnderTest): void {
  let retries: RetriesUnderTest;
  let store: RetryStore;
  beforeEach(() => {
    retries = underTest();
    ({ store } = retries);
  });

  /** Rows `sms-0`, `sms-1`, …, due in this order a second apart, the last a minute ago. */
  async function addDueRows(count: number): Promise<readonly string[]> {
    const names = Array.from({ length: count }, (_, index) => `sms-${index}`);
    const shuffled = names.map((name, index) => names[(index * 7) % count] ?? name);
    await Promise.all(shuffled.map(async (name) => await store.schedule(retryFor(name), 0)));
    const ids = names.map((name) => `${name}:DELIVERED`);
    await Promise.all(
      ids.map(async (each, index) => {
        await retries.makeDue(each, 60_000 + (count - index) * 1_000);
      }),
    );
    return ids;
  }

  async function scheduleClaimed(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const log = aLog(answered(500));
    const claims = names.map(async (name): Promise<[string, string]> => {
      const claim = await newClaim(store, retryFor(name, { log }));
      return [`${name}:DELIVERED`, claim];
    });
    return new Map(await Promise.all(claims));
  }

  async function letRunOut(claims: ReadonlyMap<string, string>): Promise<void> {
    for (const each of claims.keys()) await retries.makeDue(each);
  }

  describe('a row of a traced notification', () => {
    it('says in which trace it was accepted, however often it is scheduled', async () => {
      const firstTrace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
      await store.schedule(retryFor('a', { firstTrace }), 0);
      await retries.makeDue(id);
      const [first] = await claimUpTo(store, 1);
      expect(first?.retry.firstTrace).toBe(firstTrace);
      const update = { log: briefLog, webhook: aWebhook(), undecided: null };
      await store.release(id, first?.token ?? '', update, 0);
      await retries.makeDue(id);
      const [second] = await claimUpTo(store, 1);
      expect(second?.retry).toMatchObject({ firstTrace, log: { begun: briefLog.begun } });
    });
  });

  describe('claiming what is due', () => {
    it('takes the oldest first, and no more than asked for', async () => {
      const ids = await addDueRows(20);
      expect(idsOfClaimed(await claimUpTo(store, 5))).toEqual(ids.slice(0, 5));
      expect(idsOfClaimed(await claimUpTo(store, 10))).toEqual(ids.slice(5, 15));
      expect(idsOfClaimed(await claimUpTo(store, 10))).toEqual(ids.slice(15));
      expect(await claimUpTo(store, 10)).toEqual([]);
    });

    it('takes only what leads to the endpoint it is asked for', async () => {
      const elsewhere = retryFor('elsewhere', { webhook: otherWebhook });
      const undecided = { isStale: false, lookUps: 0 };
      const nowhere = retryFor('nowhere', { webhook: null, undecided });
      await store.schedule(retryFor('later'), HOUR_MS);
      await store.schedule(retryFor('here'), 0);
      await store.schedule(elsewhere, 0);
      await store.schedule(nowhere, 0);
      const due = [NO_ENDPOINT, otherWebhook.endpointKey, endpointKey];
      expect((await store.dueEndpoints(0)).keys.toSorted()).toEqual(due.toSorted());
      const [first, none, second, third] = await Promise.all(
        [due[1], due[1], due[0], due[2]].map(
          async (each = '') => await store.claimDue(each, nothingElse),
        ),
      );
      expect(first?.retry).toStrictEqual(storedRetryOf(elsewhere));
      expect(none).toBeNull();
      expect(second?.retry).toStrictEqual(storedRetryOf(nowhere));
      expect(third?.retry.subject.smsKey).toBe('here');
      expect(await store.dueEndpoints(0)).toEqual({ keys: [], nextInMs: null });
    });

    it('says when the next row will be due, if soon, at an endpoint where none is', async () => {
      await store.schedule(retryFor('now'), 0);
      await store.schedule(retryFor('soon, but not the first here'), 1_000);
      const none = { keys: [endpointKey], nextInMs: null };
      expect(await store.dueEndpoints(60_000)).toEqual(none);
      await store.schedule(retryFor('soon', { webhook: otherWebhook }), 30_000);
      expect(await store.dueEndpoints(20_000)).toEqual(none);
      const { keys, nextInMs } = await store.dueEndpoints(60_000);
      expect(keys).toEqual(none.keys);
      expect(nextInMs).toBeGreaterThan(0);
      expect(nextInMs).toBeLessThanOrEqual(30_000);
    });

    it('leaves what is due later', async () => {
      await store.schedule(retryFor('later'), HOUR_MS);
      await store.schedule(retryFor('now'), 0);
      expect(idsOfClaimed(await claimUpTo(store, 10))).toEqual(['now:DELIVERED']);
    });

    it('gives a claim of its own, which holds for a while', async () => {
      const retry = retryFor('a');
      await store.schedule(retry, 0);
      const [claimed] = await claimUpTo(retries.another(), 1);
      expect(claimed?.retry).toStrictEqual(storedRetryOf(retry));
      expect(await retries.row(id)).toMatchObject({ claim: claimed?.token });
      await expectDueIn(retries, id, claimMsOf(store));
    });

    it('never gives one row to two of twenty workers that ask at once', async () => {
      const ids = await addDueRows(200);
      const workers = Array.from({ length: 20 }, () => retries.another());
      const claims: ClaimedRetry[] = [];
      await until('all rows are claimed', async () => {
        const taken = await Promise.all(
          workers.map(async (worker, index) => await claimUpTo(worker, 10 + index)),
        );
        claims.push(...taken.flat());
        return claims.length >= ids.length;
      });
      expect(idsOfClaimed(claims).toSorted()).toEqual(ids.toSorted());
      for (const { retry, token } of claims)
        expect(await retries.row(retry.subject.notificationId)).toMatchObject({ claim: token });
    });
  });

  describe('claiming what was accepted long ago', () => {
    it('takes what is due, wherever it leads, and no more than asked for', async () => {
      const acceptedAt = minutesAgo(10);
      for (const name of ['a', 'b', 'c']) await store.schedule(retryFor(name, { acceptedAt }), 0);
      await store.schedule(retryFor('d', { acceptedAt, webhook: otherWebhook }), 0);
      await store.schedule(retryFor('later', { acceptedAt }), HOUR_MS);
      await store.schedule(retryFor('young'), 0);
      const first = await store.claimAcceptedBefore(minutesAgo(5), 3, nothingElse);
      const second = await store.claimAcceptedBefore(minutesAgo(5), 3, nothingElse);
      expect(first).toHaveLength(3);
      expect(idsOfClaimed([...first, ...second]).toSorted()).toEqual(
        ['a', 'b', 'c', 'd'].map((name) => `${name}:DELIVERED`),
      );
      expect(await store.claimAcceptedBefore(minutesAgo(5), 3, nothingElse)).toEqual([]);
    });
  });

  describe('what a worker has in its hands', () => {
    it('is not claimed by it once more when its claim has run out, however much of it there is', async () => {
      const claims = await scheduleClaimed(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
      await letRunOut(claims);
      const held = new Set([...claims.keys()].slice(1));
      expect((await store.claimDue(endpointKey, held))?.retry.subject.smsKey).toBe('a');
      expect(await store.claimDue(endpointKey, held)).toBeNull();
    });

    it('is not claimed by its age either', async () => {
      await letRunOut(await scheduleClaimed(['a', 'b', 'c']));
      const held = new Set(['a:DELIVERED', 'c:DELIVERED']);
      const soon = minutesAgo(-1);
      expect(idsOfClaimed(await store.claimAcceptedBefore(soon, 2, held))).toEqual(['b:DELIVERED']);
      expect(await store.claimAcceptedBefore(soon, 2, held)).toEqual([]);
    });

    it('is claimed by whoever has not', async () => {
      await letRunOut(await scheduleClaimed(['a']));
      expect(await claimUpTo(store, 2)).toHaveLength(1);
    });
  });

  describe('renewing claims', () => {
    it('has them hold a whole time anew, also when they have run out', async () => {
      const claims = await scheduleClaimed(['a']);
      await letRunOut(claims);
      await store.renew(claims);
      await expectDueIn(retries, id, claimMsOf(store));
      expect(await claimUpTo(store, 1)).toEqual([]);
      const claim = claims.get(id);
      expect(await retries.row(id)).toMatchObject({ retry: { log: { begun: 1 } }, claim });
    });

    it('leaves alone what somebody else has claimed since, and what was released', async () => {
      const claims = await scheduleClaimed(['a', 'b']);
      await store.release('b:DELIVERED', claims.get('b:DELIVERED') ?? '', null, HOUR_MS);
      await retries.makeDue(id);
      await claimUpTo(retries.another(), 1);
      const before = await retries.stored();
      await store.renew(claims);
      expect(await retries.stored()).toEqual(before);
    });
  });

  describe('a claim that has run out', () => {
    it('goes to the next who asks, and its former owner writes nothing more', async () => {
      const lost = (await scheduleClaimed(['a'])).get(id) ?? '';
      await retries.makeDue(id);
      const [claimed] = await claimUpTo(retries.another(), 10);
      expect(claimed?.token).not.toBe(lost);
      expect(await retries.row(id)).toMatchObject({ claim: claimed?.token });
      const before = await retries.stored();
      expect(await store.beginAttempt(id, lost, briefLog)).toBe('lost');
      expect(await store.release(id, lost, null, 0)).toBe('lost');
      expect(await store.scheduleClaimed(retryFor('a'))).toBe('taken');
      expect(await retries.stored()).toEqual(before);
    });

    it('goes on to hold while nobody else has asked', async () => {
      const claim = (await scheduleClaimed(['a'])).get(id) ?? '';
      await retries.makeDue(id);
      expect(await store.beginAttempt(id, claim, briefLog)).toBe('begun');
    });
  });
}
