import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { createGapStore } from '../../src/mongo/gaps.ts';
import type { GapStore } from '../../src/ports/source.ts';
import { gapBegin, gapEnd, inGap } from '../support/mongoGaps.ts';
import { useOddRows } from '../support/oddRows.ts';
import { useServers } from '../support/servers.ts';

const servers = useServers(import.meta.url);
const rows = useOddRows(() => servers().db);
const COLLECTION = 'notify_on_delivery_gaps';
const HOUR_MS = 3_600_000;
const ODD = 'odd';

function createStore(): GapStore {
  return createGapStore({
    ...{ sms: servers().db.collection('sms'), gaps: rows().state.gaps, clock: Date },
    ...{ marginMs: 24 * HOUR_MS, rememberMs: 72 * HOUR_MS, unreadable: rows().unreadable },
    signal: new AbortController().signal,
  });
}

/** Searches all there is as the worker does; the beginning of each gap with what was found in it. */
async function scanAll(store: GapStore): Promise<readonly (readonly [Date, ...unknown[]])[]> {
  const scanned: [Date, ...unknown[]][] = [];
  for (let gap = await store.oldest(); gap !== null; gap = await store.oldest()) {
    const found: unknown[] = [];
    for (let pages = 0; ; pages += 1) {
      if (pages === 20) throw new Error('the search makes no progress');
      const page = await store.nextPage(gap);
      found.push(...page.found.map(({ document }) => document['_id']));
      await store.passed(gap, page, { recovered: page.found.length, unplaceable: 0 });
      if (page.isLast) break;
    }
    await store.remove(gap);
    scanned.push([gap.from, ...found]);
  }
  return scanned;
}

async function refuse(validator: Document): Promise<void> {
  await servers().db.command({ collMod: COLLECTION, validator });
}

// The search of all gaps, or the stream that was to record another one, stood still for as long as it was refused.
describe('a row of a gap that the server refuses to write', () => {
  beforeEach(async () => {
    await servers()
      .db.collection('sms')
      .insertMany(
        Array.from({ length: 3 }, (_, index) => ({
          _id: `sms-${index}` as never,
          deliveryStatus: 'DELIVERED',
          deliveryTime: inGap(index),
        })),
      );
    await rows().state.gaps.insertOne({
      ...{ _id: ODD, from: gapBegin, to: gapEnd, begun: false, createdAt: new Date(0) },
      ...{ step: 0, progress: null, recovered: 0, unplaceable: 0 },
    });
  });

  it.each<readonly [string, Document]>([
    ['at all', { _id: { $ne: ODD } }],
    ['as one that has begun', { $nor: [{ _id: ODD, begun: true }] }],
    ['with what it has come to', { $nor: [{ _id: ODD, step: { $gt: 0 } }] }],
  ])(
    'is searched all the same, and others after it: it is refused %s',
    async (_what, validator) => {
      await refuse(validator);
      const later = new Date(gapEnd.getTime() + HOUR_MS);
      await createStore().add(gapEnd, later);
      const scanned = await scanAll(createStore());
      expect(scanned[0]).toEqual([gapBegin, 'sms-0', 'sms-1', 'sms-2']);
      expect(await rows().state.gaps.countDocuments()).toBe(0);
      rows().expectReported(COLLECTION, expect.any(String));
    },
  );

  it('keeps no other from being recorded', async () => {
    await refuse({ _id: { $ne: ODD } });
    const later = new Date(gapEnd.getTime() + HOUR_MS);
    await createStore().add(gapEnd, later);
    expect(await rows().state.gaps.find({ to: later }).toArray()).toMatchObject([
      { from: gapEnd, begun: false, step: 0 },
    ]);
  });
});
