import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Document } from 'mongodb';
import type { DeliveryRecord } from '../../../src/domain/record.ts';
import { delivered, failed, retrying, skipped, summary } from '../../support/mongoRecords.ts';
import { shownAfter } from '../../support/mongoShown.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);

/** One record each for up to 13 statuses, several of them at the same time. */
const recordsOf = (statuses: string) =>
  fc
    .uniqueArray(
      fc.record({
        status: fc.constantFrom(...statuses.split('')),
        at: fc.integer({ min: 1, max: 6 }),
        attempts: fc.integer({ min: 1, max: 3 }),
        record: fc.constantFrom(delivered, failed, retrying, skipped),
      }),
      { selector: ({ status }) => status, minLength: 1, maxLength: 13 },
    )
    .map((drawn) =>
      drawn.map(({ record, status, at, attempts }) => record(status, { at, attempts })),
    );

/** All of them in some order, some of them again. */
const writesOf = (statuses: string) =>
  recordsOf(statuses).chain((records) =>
    fc.record({
      records: fc.constant(records),
      writes: fc
        .tuple(fc.shuffledSubarray(records, { minLength: records.length }), fc.subarray(records))
        .chain(([all, again]) =>
          fc.shuffledSubarray([...all, ...again], { minLength: all.length + again.length }),
        ),
      deliveryStatus: fc.constantFrom('A', 'B', 'Z', ...records.map((each) => each.deliveryStatus)),
    }),
  );

/** The newest is shown; the ten before it are earlier. */
function expected(records: readonly DeliveryRecord[], deliveryStatus: string): Document {
  const byAge = records.toSorted(
    (one, other) =>
      one.statusAt.getTime() - other.statusAt.getTime() ||
      Number(one.deliveryStatus === deliveryStatus) -
        Number(other.deliveryStatus === deliveryStatus) ||
      compareIds(one, other),
  );
  const shown = byAge.at(-1);
  const earlier = records
    .filter((record) => record !== shown)
    .toSorted(
      (one, other) => one.statusAt.getTime() - other.statusAt.getTime() || compareIds(one, other),
    )
    .slice(-10);
  return { ...shown, ...(earlier.length > 0 && { earlier: earlier.map(summary) }) };
}

function compareIds(one: DeliveryRecord, other: DeliveryRecord): number {
  return one.notificationId < other.notificationId ? -1 : 1;
}

describe('records of several statuses', () => {
  it.each([false, true])(
    'end in the same subdocument, written in any order and some of them twice: by bytes %s',
    async (hasCollation) => {
      const sms = servers().db.collection('sms');
      await fc.assert(
        fc.asyncProperty(writesOf('ABCDEFGHIJKLM'), async ({ records, writes, deliveryStatus }) => {
          const shown = await shownAfter(sms, writes, { deliveryStatus }, { hasCollation });
          expect(shown).toStrictEqual(expected(records, deliveryStatus));
        }),
        { numRuns: 50 },
      );
    },
    30_000,
  );

  it.each([
    { locale: 'en', strength: 1 },
    { locale: 'fr', strength: 2, caseLevel: true },
    { locale: 'en', numericOrdering: true },
    { locale: 'en', alternate: 'shifted' as const },
  ])(
    'end in the same subdocument where texts that differ compare as equal: %j',
    async (collation) => {
      const name = JSON.stringify(collation);
      const sms = await servers().db.createCollection(name, { collation });
      // Several of each, which most of these collations find equal.
      const statuses = 'AaÁáàBb-_ 1';
      await fc.assert(
        fc.asyncProperty(writesOf(statuses), async ({ records, writes, deliveryStatus }) => {
          const before = { deliveryStatus };
          const byWriting = { hasCollation: true };
          const shown = await shownAfter(sms, writes, before, byWriting);
          expect(shown).toStrictEqual(await shownAfter(sms, records, before, byWriting));
          const ids = [shown, ...((shown['earlier'] ?? []) as Document[])].map(idOf).toSorted();
          const newest = records.toSorted(byTime).slice(-11);
          expect(ids).toHaveLength(newest.length);
          expect(shown['statusAt']).toEqual(newest.at(-1)?.statusAt);
          const ofThatTime = records.filter(
            ({ statusAt }) => statusAt.getTime() === newest.at(-1)?.statusAt.getTime(),
          );
          const isDocuments = (record: Document): boolean =>
            record['deliveryStatus'] === deliveryStatus;
          expect(isDocuments(shown)).toBe(ofThatTime.some(isDocuments));
        }),
        { numRuns: 15 },
      );
    },
    60_000,
  );
});

function idOf(record: Document): string {
  return record['notificationId'] as string;
}

function byTime(one: DeliveryRecord, other: DeliveryRecord): number {
  return one.statusAt.getTime() - other.statusAt.getTime();
}
