import { beforeEach, describe, expect, it } from '@jest/globals';
import { attemptedRecord } from '../../src/domain/record.ts';
import type { LookupRequest, WaitingEntry } from '../../src/ports/notify.ts';
import { aSubject } from '../support/builders.ts';
import { failed } from '../support/mongoRecords.ts';
import { anEnding } from '../support/someEndings.ts';
import { newClaim, otherWebhook, retryFor, trickyLog } from '../support/someRetries.ts';
import {
  asking,
  askingForRecords,
  entryOf,
  lookUp,
  type MemoryUnderTest,
} from './memoryUnderTest.ts';

const HOUR_MS = 3_600_000;

/** What every `Lookups` does. */
export function describeLookups(underTest: () => MemoryUnderTest): void {
  let memory: MemoryUnderTest;
  beforeEach(() => {
    memory = underTest();
  });

  /** What waits by each answer, in the order of its ids. */
  async function waitingFor(
    requests: readonly LookupRequest[],
  ): Promise<readonly (readonly WaitingEntry[])[]> {
    const answers = await lookUp(memory, requests);
    return answers.map(({ waiting }) =>
      waiting.toSorted((one, other) => (one.notificationId < other.notificationId ? -1 : 1)),
    );
  }

  describe('a look-up', () => {
    it('answers in the order of the requests, null for a document that is gone', async () => {
      const ids = Array.from({ length: 300 }, (_, index) => `sms-${index}`);
      const present = ids.filter((_, index) => index % 3 !== 0);
      await memory.addSms(present.toReversed().map((_id) => ({ _id, to: `to ${_id}` })));
      const backwards = ids.toReversed();
      const answers = await lookUp(
        memory,
        backwards.map((id) => asking(anEnding(id))),
      );
      expect(answers).toEqual(
        backwards.map((id) => ({
          document: present.includes(id) ? { _id: id, to: `to ${id}` } : null,
          ended: [],
          waiting: [],
        })),
      );
    });

    it('brings what ended: of this notification, or of the whole SMS', async () => {
      const sent = anEnding('a', { record: failed('SENT', { at: 1 }) });
      const notified = anEnding('a');
      for (const ending of [sent, notified, anEnding('ab')]) await memory.outcomes.end(ending);
      await memory.addSms([{ _id: 'a' }]);
      const [history] = await lookUp(memory, [asking(notified, 'history')]);
      expect(history?.document).toBeNull();
      expect(history?.ended).toHaveLength(2);
      expect(history?.ended).toEqual(expect.arrayContaining([sent, notified].map(entryOf)));
      expect(await lookUp(memory, [asking(sent), asking(anEnding('b'), 'history')])).toEqual([
        { document: { _id: 'a' }, ended: [entryOf(sent)], waiting: [] },
        { document: null, ended: [], waiting: [] },
      ]);
    });

    it('brings what waits of the SMS, whichever status was asked for', async () => {
      const { retries } = memory;
      await retries.schedule(retryFor('a', { deliveryStatus: 'SENT' }), HOUR_MS);
      await retries.schedule(retryFor('a', { deliveryStatus: 'DELIVERED' }), 0);
      await newClaim(retries, retryFor('a', { deliveryStatus: 'READ' }));
      await newClaim(retries, retryFor('a', { deliveryStatus: 'FAILED' }));
      await memory.makeDue('a:FAILED');
      await newClaim(retries, retryFor('ab', { deliveryStatus: 'SENT' }));
      await newClaim(retries, retryFor('c', { deliveryStatus: 'SENT' }));
      const requests = [
        asking(anEnding('a')),
        asking(anEnding('b')),
        asking(anEnding('ab'), 'history'),
      ];
      const { statusAt } = aSubject();
      expect(await waitingFor(requests)).toEqual([
        [
          { notificationId: 'a:DELIVERED', isClaimed: false, record: null },
          { notificationId: 'a:FAILED', isClaimed: false, record: null },
          { notificationId: 'a:READ', isClaimed: true, record: null },
          { notificationId: 'a:SENT', isClaimed: false, record: null },
        ],
        [],
        [{ notificationId: 'ab:SENT', isClaimed: true, record: null, statusAt }],
      ]);
    });

    it("names the operator's run of what ended and of what waits", async () => {
      await memory.outcomes.end(anEnding('a', { run: 'first' }));
      const again = retryFor('a');
      await memory.retries.schedule({ ...again, subject: { ...again.subject, run: 'second' } }, 0);
      for (const wants of ['document', 'history'] as const) {
        const [answer] = await lookUp(memory, [asking(anEnding('a'), wants)]);
        expect(answer?.ended).toMatchObject([{ run: 'first' }]);
        expect(answer?.waiting).toMatchObject([{ run: 'second' }]);
      }
    });

    it('brings the record of what waits for a retry, unless only the document is asked for', async () => {
      const waiting = retryFor('sms-1', { log: trickyLog, webhook: otherWebhook });
      const { subject, webhook } = waiting;
      const nextAttemptAt = await memory.retries.schedule(waiting, HOUR_MS);
      if (nextAttemptAt === 'refused') throw new Error('the row was refused');
      await memory.retries.schedule(retryFor('sms-1', { deliveryStatus: 'SENT' }), HOUR_MS);
      const ofSms = anEnding('sms-1');
      const requests = [asking(ofSms, 'history'), askingForRecords(ofSms), asking(ofSms)];
      const standing = { state: 'retrying', nextAttemptAt } as const;
      const record = attemptedRecord(subject, webhook, trickyLog, standing);
      const records = (await waitingFor(requests)).map((entries) =>
        Object.fromEntries(entries.map((each) => [each.notificationId, each.record])),
      );
      expect(records).toStrictEqual([
        { 'sms-1:DELIVERED': record, 'sms-1:SENT': null },
        { 'sms-1:DELIVERED': record, 'sms-1:SENT': null },
        { 'sms-1:DELIVERED': null, 'sms-1:SENT': null },
      ]);
    });

    it('brings no record of what is being called, but of what was cut off', async () => {
      await newClaim(memory.retries, retryFor('sms-1', { log: trickyLog }));
      const requests = [asking(anEnding('sms-1'), 'history')];
      expect(await waitingFor(requests)).toMatchObject([[{ isClaimed: true, record: null }]]);
      await memory.makeDue('sms-1:DELIVERED');
      const shown = { state: 'retrying', attempts: 4 };
      expect(await waitingFor(requests)).toMatchObject([[{ isClaimed: false, record: shown }]]);
    });

    it('for records reads them all, and of the document only its own, where any could be lost', async () => {
      const sent = anEnding('told', { record: failed('SENT', { at: 1 }) });
      const notified = anEnding('told');
      const unseen = anEnding('unseen', { showRecord: false });
      for (const ending of [sent, notified, unseen]) await memory.outcomes.end(ending);
      const record = { state: 'delivered' };
      const fields = { text: 'not asked for', notify_on_delivery: record };
      await memory.addSms(['told', 'unseen', 'new'].map((_id) => ({ _id, ...fields })));
      const asked = [notified, anEnding('new'), unseen].map(askingForRecords);
      const [first, ...others] = await lookUp(memory, [...asked, asking(anEnding('new'))]);
      expect(first?.document).toEqual({ _id: 'told', notify_on_delivery: record });
      expect(first?.ended).toEqual(expect.arrayContaining([sent, notified].map(entryOf)));
      expect(others).toEqual([
        { document: null, ended: [], waiting: [] },
        { document: null, ended: [{ ...entryOf(unseen), record: null }], waiting: [] },
        { document: { _id: 'new', ...fields }, ended: [], waiting: [] },
      ]);
    });
  });
}
