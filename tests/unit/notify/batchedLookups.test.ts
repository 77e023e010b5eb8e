import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { weightOf, weightOfRecord } from '../../../src/domain/weight.ts';
import { createBatchedLookups } from '../../../src/notify/batchedLookups.ts';
import type { Lookup, LookupRequest, Lookups } from '../../../src/ports/notify.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { createByteBudget, type Hold } from '../../../src/runtime/byteBudget.ts';
import { aDocument, aRecord, aSubject } from '../../support/builders.ts';
import { watch } from '../../support/recorders.ts';

const KB = 1024;
const LIMIT = 100 * KB;
const ANSWER = 40 * KB;

/** Documents of that size; a store that leaves what is beyond one answer. */
function createReading(
  sizeOf: (smsKey: string) => number,
  answering: () => Promise<void> = async () => await Promise.resolve(),
) {
  const batches: string[][] = [];
  const document = (smsKey: string) => aDocument({ _id: smsKey, text: 'x'.repeat(sizeOf(smsKey)) });
  const sms: Lookups = {
    async lookUp(requests) {
      batches.push(requests.map(({ smsKey }) => smsKey));
      let weight = 0;
      const lookups = requests.map(({ smsKey, wants }): Lookup => {
        const nothing = { document: null, ended: [], waiting: [] };
        if (weight >= ANSWER) return { ...nothing, isLeft: true };
        if (wants !== 'document') {
          const record = { ...aRecord(), response: 'x'.repeat(sizeOf(smsKey)) };
          weight += weightOfRecord(record);
          return { ...nothing, ended: [{ notificationId: record.notificationId, record }] };
        }
        weight += weightOf(document(smsKey));
        return { ...nothing, document: document(smsKey) };
      });
      await answering();
      return lookups;
    },
  };
  const lookedUp = createByteBudget(LIMIT);
  const stopping = new AbortController();
  const remembered = createByteBudget(LIMIT);
  const lookUp = createBatchedLookups({ sms, lookedUp, remembered, stopping: stopping.signal });
  const answered: string[] = [];
  const holds = new Map<string, Hold>();
  const ask = async (smsKey: string, wants: 'document' | 'history' = 'document'): Promise<void> => {
    const { documentKey, notificationId } = aSubject({ smsKey });
    const hold = (wants === 'document' ? lookedUp : remembered).open();
    holds.set(smsKey, hold);
    const request: LookupRequest = { documentKey, smsKey, notificationId, wants };
    await lookUp(request, hold);
    answered.push(smsKey);
  };
  const askAll = (count: number, from = 0): void => {
    for (let n = from; n < from + count; n += 1) ask(`sms-${n}`).catch(() => undefined);
  };
  return { lookedUp, remembered, stopping, batches, answered, holds, ask, askAll };
}

async function settleDown(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn();
}

/** Lets go of each answer in turn: all come, and those that are held never take more than they may. */
async function leaveOneByOne(
  { answered, holds }: Pick<ReturnType<typeof createReading>, 'answered' | 'holds'>,
  count: number,
): Promise<void> {
  expect(answered.length).toBeGreaterThan(0);
  const left = new Set<string>();
  while (left.size < count) {
    const heavy = answered.length - left.size;
    expect(heavy * 20 * KB).toBeLessThanOrEqual(LIMIT + ANSWER + 22 * KB);
    const next = answered.find((smsKey) => !left.has(smsKey));
    expect(next).toBeDefined();
    if (next === undefined) break;
    holds.get(next)?.release();
    left.add(next);
    await settleDown();
  }
  expect(new Set(answered).size).toBe(count);
}

describe('look-ups of what is remembered', () => {
  it('never bring more records than there is room for and one answer, and come to all', async () => {
    const reading = createReading(() => 10 * KB);
    const { ask, remembered, lookedUp } = reading;
    for (let n = 0; n < 100; n += 1) ask(`sms-${n}`, 'history').catch(() => undefined);
    await settleDown();
    await leaveOneByOne(reading, 100);
    expect([remembered.room, lookedUp.room]).toEqual([LIMIT, LIMIT]);
  });

  it('bring records that are larger than all room there is, alone', async () => {
    const { ask, answered, holds } = createReading((smsKey) =>
      smsKey === 'sms-0' ? 500 * KB : 10,
    );
    ask('sms-0', 'history').catch(() => undefined);
    ask('sms-1', 'history').catch(() => undefined);
    await settleDown();
    expect(answered).toEqual(['sms-0']);
    holds.get('sms-0')?.release();
    await settleDown();
    expect(answered).toEqual(['sms-0', 'sms-1']);
  });
});

describe('look-ups of documents', () => {
  it.each([
    ['ordinary', 100, 2],
    ['large', 20 * KB, 1],
  ])(
    'that are %s are made beside each other as far as that takes little',
    async (_, size, most) => {
      const held: PromiseWithResolvers<void>[] = [];
      const answerAll = async (): Promise<void> => {
        for (const { resolve } of held.splice(0)) resolve();
        await settleDown();
      };
      const { askAll, batches } = createReading(
        () => size,
        async () => {
          const answer = Promise.withResolvers<void>();
          held.push(answer);
          await answer.promise;
        },
      );
      askAll(1);
      await settleDown();
      await answerAll();
      for (let n = 1; n < 5; n += 1) {
        askAll(1, n);
        await settleDown();
      }
      expect(held).toHaveLength(most);
      expect(batches).toHaveLength(1 + most);
    },
  );

  it('are made all together while documents are small', async () => {
    const { askAll, answered, batches, lookedUp } = createReading(() => 10);
    askAll(20);
    await settleDown();
    expect(answered).toHaveLength(20);
    expect(batches).toHaveLength(1);
    expect(lookedUp.room).toBeLessThan(LIMIT);
  });

  it('never bring more than there is room for and one answer, and go on when something has left', async () => {
    const reading = createReading(() => 10 * KB);
    const { askAll, lookedUp } = reading;
    askAll(100);
    await settleDown();
    await leaveOneByOne(reading, 100);
    expect(lookedUp.room).toBe(LIMIT);
  });

  it('ask for no more at once than is likely to have room, once the weight is known', async () => {
    const { askAll, answered, holds, batches } = createReading(() => 10 * KB);
    askAll(100);
    await settleDown();
    for (const smsKey of answered.slice()) holds.get(smsKey)?.release();
    await settleDown();
    expect(batches.length).toBeGreaterThan(2);
    for (const batch of batches.slice(1)) expect(batch.length).toBeLessThanOrEqual(10);
  });

  it('read a document that is larger than all room there is, alone', async () => {
    const { askAll, answered, holds } = createReading((smsKey) =>
      smsKey === 'sms-0' ? 500 * KB : 10,
    );
    askAll(2);
    await settleDown();
    expect(answered).toEqual(['sms-0']);
    holds.get('sms-0')?.release();
    await settleDown();
    expect(answered).toEqual(['sms-0', 'sms-1']);
  });

  it('keep nobody waiting who needs no document', async () => {
    const { askAll, ask, answered } = createReading(() => 500 * KB);
    askAll(3);
    await settleDown();
    await ask('sms-9', 'history');
    expect(answered).toEqual(['sms-0', 'sms-9']);
  });

  it('end with a stop while there is no room', async () => {
    const { ask, answered, stopping } = createReading(() => 500 * KB);
    await ask('sms-0');
    const waiting = watch(ask('sms-1'));
    await settleDown();
    expect(waiting.isSettled).toBe(false);
    stopping.abort(new Stopping());
    await settleDown();
    expect(waiting.isSettled).toBe(true);
    expect(answered).toEqual(['sms-0']);
  });
});
