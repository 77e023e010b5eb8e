import { beforeAll, describe, expect, it } from '@jest/globals';
import { MinKey } from 'mongodb';
import { recordedIn, unrecordedIn, type SmsPages } from '../../../src/mongo/smsPages.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);

describe('pages of SMS', () => {
  const at = (hour: number): Date => new Date(Date.UTC(2026, 0, 31, hour));
  const span = { since: at(10), until: at(12), accountId: null, pageSize: 100 };
  const collection = () => servers().db.collection('paged');

  beforeAll(async () => {
    const many = Array.from({ length: 450 }, (_, index) => ({
      _id: `m${String(index).padStart(3, '0')}`,
      accountID: index % 2 === 0 ? 28 : '028',
      deliveryStatus: 'DELIVERED',
      deliveryTime: at(11),
      notify_on_delivery: { statusAt: at(11), state: 'failed', deliveryStatus: 'DELIVERED' },
    }));
    const record = { statusAt: at(12), state: 'failed', deliveryStatus: 'DELIVERED' };
    await collection().insertMany([
      ...many,
      { _id: 'late', deliveryStatus: 'DELIVERED', notify_on_delivery: record },
      { _id: 'never', deliveryStatus: 'DELIVERED', deliveryTime: at(11), accountID: 29 },
      { _id: 'old', deliveryStatus: 'DELIVERED', deliveryTime: at(9) },
      { _id: 'no status', deliveryTime: at(11) },
    ] as never[]);
  });

  async function all(pages: SmsPages): Promise<unknown[]> {
    const ids: unknown[] = [];
    let next: { readonly from: unknown } | null = { from: new MinKey() };
    while (next !== null) {
      const page: Awaited<ReturnType<SmsPages['page']>> = await pages.page(next.from);
      ids.push(...page.found.map(({ at: id }) => id));
      next = page.next;
    }
    return ids;
  }

  it('bring those whose record is of the span, each once', async () => {
    const pages = recordedIn(collection(), { ...span, states: ['failed'] });
    const ids = await all(pages);
    expect(ids).toHaveLength(450);
    expect(new Set(ids).size).toBe(450);
    expect(await pages.count()).toBe(450);
    expect(await all(recordedIn(collection(), { ...span, states: ['delivered'] }))).toEqual([]);
  });

  it('bring those of one account, however its id is stored', async () => {
    expect(
      await all(recordedIn(collection(), { ...span, accountId: 28, states: ['failed'] })),
    ).toHaveLength(450);
    expect(
      await all(recordedIn(collection(), { ...span, accountId: 2, states: ['failed'] })),
    ).toEqual([]);
  });

  it('bring those without a record of the status they show', async () => {
    expect(await all(unrecordedIn(collection(), span))).toEqual(['never']);
  });
});
