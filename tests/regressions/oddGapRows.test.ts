import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { createGapStore } from '../../src/mongo/gaps.ts';
import { gapBegin, gapEnd, inGap } from '../support/mongoGaps.ts';
import { undecodable } from '../support/oddBson.ts';
import { damage, made, useOddRows, type Fields } from '../support/oddRows.ts';
import { useServers } from '../support/servers.ts';

const servers = useServers(import.meta.url);
const rows = useOddRows(() => servers().db);
const HOUR_MS = 3_600_000;
const rememberMs = 72 * HOUR_MS;
const marginMs = 24 * HOUR_MS;

// A search that could not continue held up every other, and each page of it was read again for ever.
describe('an odd row of a gap', () => {
  const { signal } = new AbortController();
  const store = () =>
    createGapStore({
      ...{ sms: servers().db.collection('sms'), gaps: rows().state.gaps, marginMs, rememberMs },
      ...{ signal, unreadable: rows().unreadable, clock: Date },
    });
  const scanAll = async (): Promise<Document[]> => {
    const gaps: Document[] = [];
    for (let gap = await store().oldest(); gap !== null; gap = await store().oldest()) {
      gaps.push(gap);
      const found: unknown[] = [];
      for (let pages = 0; pages < 20; pages += 1) {
        const page = await store().nextPage(gap);
        found.push(...page.found.map(({ document }) => document['_id']));
        await store().passed(gap, page, { recovered: page.found.length, unplaceable: 0 });
        if (page.isLast) break;
        if (pages === 19) throw new Error('the search makes no progress');
      }
      Object.assign(gap, { found, tally: await store().remove(gap as never) });
    }
    return gaps;
  };

  beforeEach(async () => {
    await servers()
      .db.collection('sms')
      .insertMany([
        { _id: 'in-gap' as never, deliveryStatus: 'DELIVERED', deliveryTime: inGap(5) },
        { _id: 'of-now' as never, deliveryStatus: 'DELIVERED', deliveryTime: new Date() },
      ]);
    await store().add(gapBegin, gapEnd);
  });

  it.each<readonly [string, Fields]>([
    ['a progress of no known kind', { progress: { kind: 'sideways' } }],
    ['a progress that is text', { progress: 'x' }],
    ['dates without an index', { progress: { kind: 'dates' } }],
    ['a list that is none', { progress: { kind: 'listed', ids: 5 } }],
    ['a scan from nowhere', { progress: { kind: 'scan' } }],
    ['no step', { step: undefined }],
    ['a step that is text', { step: 'x' }],
    ['a count that is text', { recovered: 'x' }],
    ['a count that is null', { unplaceable: null }],
    ['a value that the driver refuses', { progress: undecodable.regex() }],
  ])('is searched all the same: %s', async (_what, fields) => {
    await damage(rows().state.gaps, {}, { begun: true, ...fields });
    const id = (await rows().state.gaps.findOne({}, { projection: { _id: 1 } }))?._id;
    const [gap] = await scanAll();
    expect(gap).toMatchObject({ from: gapBegin, to: gapEnd, found: ['in-gap', 'of-now'] });
    expect(gap?.['tally']).toMatchObject({ recovered: 2 });
    expect(await rows().state.gaps.countDocuments()).toBe(0);
    rows().expectReported('notify_on_delivery_gaps', id);
  });

  it.each<readonly [string, Fields]>([
    ['text', { from: 'yesterday' }],
    ['missing', { from: undefined }],
    ['a number', { from: 5 }],
    ['a date that no Date can hold', { from: made.dateBeyondAll }],
    ['a value that the driver refuses', { from: undecodable.regex() }],
  ])('is searched from as early as is remembered when its beginning is %s', async (_, fields) => {
    const other = await rows().state.gaps.findOne({});
    await damage(rows().state.gaps, {}, fields);
    await rows().state.gaps.insertOne({ ...other, _id: 'other', begun: true } as never);
    const gaps = await scanAll();
    expect(gaps).toHaveLength(2);
    expect(gaps.find(({ id }) => id === 'other')).toMatchObject({ found: ['in-gap', 'of-now'] });
    const odd = gaps.find(({ id }) => id === other?._id);
    // It ended before what is remembered.
    expect(odd).toMatchObject({ from: gapEnd, to: gapEnd, found: ['in-gap', 'of-now'] });
    rows().expectReported('notify_on_delivery_gaps', other?._id);
  });

  it.each<readonly [string, unknown]>([
    ['text', 'x'],
    ['missing', undefined],
  ])('is searched to this day when its end is %s', async (_what, to) => {
    await damage(rows().state.gaps, {}, { to });
    const before = Date.now();
    const [gap] = await scanAll();
    expect(gap).toMatchObject({ from: gapBegin });
    expect(Number(gap?.['to'])).toBeGreaterThanOrEqual(before - 60_000);
  });

  it('is searched also when the driver could not write its name, and reported once', async () => {
    const row = { _id: made.unwritable, from: 'x' };
    const into = { $merge: rows().state.gaps.collectionName };
    await servers()
      .db.aggregate([{ $documents: [row] }, into])
      .toArray();
    expect(await rows().state.gaps.countDocuments()).toBe(2);
    const gaps = await scanAll();
    expect(gaps.map(({ found }) => found)).toContainEqual(['in-gap', 'of-now']);
    expect(await rows().state.gaps.countDocuments()).toBe(0);
    expect(rows().logger.of('row_unreadable')).toHaveLength(1);
  });
});
