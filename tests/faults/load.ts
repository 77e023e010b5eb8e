import { setTimeout as wait } from 'node:timers/promises';
import type { Collection } from 'mongodb';
import { newSms, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { until } from '../support/until.ts';
import type { Random } from './random.ts';

/** The accounts of a load; each has a webhook of its own. */
export const accounts = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
export const flowOf = (accountId: number): number => accountId + 1_000;
export const pathOf = (accountId: number): string => `/account-${accountId}`;

export interface Load {
  /** Every notification that is owed, by id, with the account it is of: its write was acknowledged. */
  readonly owed: ReadonlyMap<string, number>;
  /** Writes no new SMS; resolves when those begun have had all that was planned for them. */
  stop(): Promise<void>;
}

const WRITERS = 8;
const patience = { timeoutMs: 120_000, intervalMs: 100 } as const;

/**
 * Writes statuses as the platform's programs do, about `perSecond` of them, until it is stopped: by
 * updates, inserts, and saves of whole documents, which drop or turn back what the worker had recorded.
 * Like any program worth its salt it tries again until its database has taken a write.
 */
export function startLoad(
  sms: Collection<SmsDocument>,
  { perSecond, random }: Readonly<{ perSecond: number; random: Random }>,
): Load {
  const owed = new Map<string, number>();
  const stopped = new AbortController();
  const afterwards = new Set<Promise<void>>();
  const platform: Platform = {
    async put(document) {
      await persist(() => sms.replaceOne({ _id: document._id }, document, { upsert: true }));
      owe(document);
    },
    async set(document, fields) {
      await persist(() => sms.updateOne({ _id: document._id }, { $set: fields }));
      owe({ ...document, ...fields });
    },
    async read({ _id }) {
      let found: SmsDocument | null = null;
      await persist(async () => (found = await sms.findOne({ _id })));
      return found ?? { _id };
    },
    later(task) {
      const running = wait(random.between(0, 1_500)).then(task);
      afterwards.add(running);
      running.finally(() => afterwards.delete(running)).catch(() => undefined);
    },
  };
  const owe = (document: SmsDocument): void => {
    const status = document['deliveryStatus'];
    if (typeof status === 'string') {
      owed.set(`${document._id}:${status}`, document['accountID'] as number);
    }
  };
  const write = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const accountID = random.pick(accounts);
      const way = random.pick(ways);
      await way(newSms({ accountID, flowId: flowOf(accountID) }), platform);
      await wait(random.next() * ((2_000 * WRITERS) / perSecond));
    }
  };
  const writing = Promise.all(Array.from({ length: WRITERS }, write));
  return {
    owed,
    async stop() {
      stopped.abort();
      await writing;
      await Promise.all(afterwards);
    },
  };
}

async function persist(write: () => Promise<unknown>): Promise<void> {
  await until('the write is taken', async () => await write().then(() => true), patience);
}

interface Platform {
  put(document: SmsDocument): Promise<void>;
  set(document: SmsDocument, fields: Readonly<Record<string, unknown>>): Promise<void>;
  read(document: SmsDocument): Promise<SmsDocument>;
  /** Does something more a moment later. */
  later(task: () => Promise<void>): void;
}

type Way = (document: SmsDocument, platform: Platform) => Promise<void>;

const reported = (deliveryStatus: string): Record<string, unknown> => ({
  deliveryStatus,
  deliveryTime: new Date(),
});

const ways: readonly Way[] = [
  async function inserted(document, platform) {
    await platform.put({ ...document, ...reported('DELIVERED') });
  },
  async function updated(document, platform) {
    await platform.put(document);
    await platform.set(document, reported('DELIVERED'));
  },
  async function saved(document, platform) {
    await platform.put(document);
    await platform.put({ ...document, ...reported('DELIVERED') });
  },
  async function twoStatuses(document, platform) {
    await platform.put(document);
    await platform.set(document, reported('SENT'));
    await platform.set(document, reported('DELIVERED'));
  },
  /** By a program that does not know the record. */
  async function savedWithoutRecord(document, platform) {
    const withStatus = { ...document, ...reported('DELIVERED') };
    await platform.put(withStatus);
    platform.later(async () => await platform.put({ ...withStatus, readBy: 'a report' }));
  },
  /** By a program that had read the document before its newest record was there. */
  async function savedWithOldRecord(document, platform) {
    await platform.put({ ...document, ...reported('SENT') });
    platform.later(async () => {
      const read = await platform.read(document);
      const fields = reported('DELIVERED');
      await platform.set(document, fields);
      platform.later(async () => await platform.put({ ...read, ...fields }));
    });
  },
];
