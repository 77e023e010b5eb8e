import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Ending, LedgerEntry, Lookup } from '../../src/ports/notify.ts';
import { delivered, failed, retrying, skipped, summary } from '../support/mongoRecords.ts';
import { anEnding } from '../support/someEndings.ts';
import { claimUpTo, newClaim, retryFor } from '../support/someRetries.ts';
import { asking, entryOf, lookUp, type MemoryUnderTest } from './memoryUnderTest.ts';

/** What every `OutcomeStore` does of the ledger and the waiting row; how documents show it is MongoDB's part. */
export function describeOutcomeStore(underTest: () => MemoryUnderTest): void {
  let memory: MemoryUnderTest;
  beforeEach(() => {
    memory = underTest();
  });

  async function known(): Promise<Lookup> {
    const [answer] = await lookUp(memory, [asking(anEnding('a'))]);
    if (answer === undefined) throw new Error('a look-up answers every request');
    return answer;
  }

  async function remembered(): Promise<LedgerEntry | undefined> {
    return (await known()).ended[0];
  }

  async function waits(): Promise<boolean> {
    return (await known()).waiting.length > 0;
  }

  describe('an end', () => {
    it('is remembered with its record, without what was earlier', async () => {
      const record = delivered('DELIVERED', { at: 2, attempts: 2 });
      const earlier = [summary(failed('SENT', { at: 1 })) as never];
      await memory.outcomes.end(anEnding('a', { record: { ...record, earlier } }));
      expect(await remembered()).toStrictEqual(entryOf(anEnding('a', { record })));
    });

    it('is remembered without a record that is not to be shown', async () => {
      const record = skipped('DELIVERED', { at: 1 });
      await memory.outcomes.end(anEnding('a', { record, showRecord: false }));
      expect(await remembered()).toStrictEqual({ notificationId: 'a:DELIVERED', record: null });
    });

    it.each<readonly [string, Partial<Ending>]>([
      ['only restores the record', { remember: false }],
      ['has not come yet', { remember: false, record: retrying('DELIVERED', { at: 1 }) }],
      ['has no record at all', { record: null, showRecord: false, remember: false }],
    ])('that %s leaves the ledger alone', async (_what, fields) => {
      await memory.outcomes.end({ ...anEnding('a'), ...fields });
      expect(await remembered()).toBeUndefined();
    });

    it.each([
      { first: failed, second: delivered, stays: false },
      { first: skipped, second: delivered, stays: false },
      { first: delivered, second: failed, stays: true },
      { first: delivered, second: skipped, stays: true },
      { first: delivered, second: delivered, stays: true },
      { first: failed, second: skipped, stays: true },
      { first: skipped, second: failed, stays: true },
    ])('of $first.name, then of $second.name: the first stays: $stays', async (ends) => {
      const first = anEnding('a', { record: ends.first('DELIVERED', { at: 1 }) });
      const second = anEnding('a', { record: ends.second('DELIVERED', { at: 2, attempts: 3 }) });
      await memory.outcomes.end(first);
      await memory.outcomes.end(second);
      expect(await remembered()).toStrictEqual(entryOf(ends.stays ? first : second));
    });

    it('of a later run takes the place of what an earlier run has left, whatever that was', async () => {
      const later = anEnding('a', { record: failed('DELIVERED', { at: 2 }), run: 'later' });
      await memory.outcomes.end(anEnding('a'));
      await memory.outcomes.end(later);
      expect(await remembered()).toStrictEqual({ ...entryOf(later), run: 'later' });
      const once = anEnding('a', { record: skipped('DELIVERED', { at: 3 }), run: 'later' });
      await memory.outcomes.end(once);
      expect(await remembered()).toStrictEqual({ ...entryOf(later), run: 'later' });
    });

    it('is remembered before what else has to be durable, and its row goes after that', async () => {
      const claim = await newClaim(memory.retries, retryFor('a'));
      const seen: (readonly [boolean, boolean])[] = [];
      const onRemembered = async (): Promise<void> => {
        seen.push([(await remembered()) !== undefined, await waits()]);
      };
      await memory.outcomes.end(anEnding('a', { claim, onRemembered }));
      expect(seen).toEqual([[true, true]]);
      expect(await waits()).toBe(false);
    });
  });

  describe('the row of an end', () => {
    it('is removed by its claim', async () => {
      const claim = await newClaim(memory.retries, retryFor('a'));
      await memory.outcomes.end(anEnding('a', { claim }));
      expect(await waits()).toBe(false);
      expect(await remembered()).toMatchObject({ record: { state: 'delivered' } });
    });

    it('is removed though nothing is to be remembered', async () => {
      const claim = await newClaim(memory.retries, retryFor('a'));
      const nothing = { record: null, showRecord: false, remember: false, claim };
      await memory.outcomes.end({ ...anEnding('a'), ...nothing });
      expect(await waits()).toBe(false);
    });

    it('is left when the end has no claim', async () => {
      await newClaim(memory.retries, retryFor('a'));
      await memory.outcomes.end(anEnding('a'));
      expect(await waits()).toBe(true);
    });

    it('is left when it was let go, or somebody else has claimed it since', async () => {
      const claim = await newClaim(memory.retries, retryFor('a'));
      await memory.retries.release('a:DELIVERED', claim, null, 0);
      await memory.outcomes.end(anEnding('a', { claim }));
      expect(await waits()).toBe(true);
      expect(await claimUpTo(memory.retries, 1)).toHaveLength(1);
      await memory.outcomes.end(anEnding('a', { claim }));
      expect(await waits()).toBe(true);
    });

    it('is removed for each of many ends that has it', async () => {
      const names = Array.from({ length: 50 }, (_, index) => `sms-${index}`);
      await Promise.all(
        names.map(async (name, index) => {
          const own = await newClaim(memory.retries, retryFor(name));
          const claim = index % 2 === 0 ? own : 'a claim of somebody else';
          await memory.outcomes.end(anEnding(name, { claim }));
        }),
      );
      const answers = await lookUp(
        memory,
        names.map((name) => asking(anEnding(name))),
      );
      expect(answers.map(({ ended }) => ended.length)).toEqual(names.map(() => 1));
      expect(answers.map(({ waiting }) => waiting.length)).toEqual(
        names.map((_name, index) => index % 2),
      );
    });
  });
}
