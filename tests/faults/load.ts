import { setTimeout as wait } from 'node:timers/promises';
import type { Collection } from 'mongodb';
import { newSms, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { markedFields } from '../support/marked.ts';
import { until } from '../support/until.ts';
import type { Random } from './random.ts';
import { doubleWays, singleWays, type Platform } from './ways.ts';

/** The accounts of a load; each has a webhook of its own. */
export const accounts = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
export const flowOf = (accountId: number): number => accountId + 1_000;
export const pathOf = (accountId: number): string => `/account-${accountId}`;

export interface Load {
  /**
   * Every notification that is owed, by id, with the account it is of: its write was acknowledged. A fault
   * that takes documents away takes out what nobody can owe any more.
   */
  readonly owed: Map<string, number>;
  /** Writes no new SMS; resolves when those begun have had all that was planned for them. */
  pause(): Promise<void>;
  resume(): void;
  /** For good. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  /** About so many statuses. */
  readonly perSecond: number;
  /** Every SMS gets one status only: what is overwritten unseen can't be notified. */
  readonly singly?: boolean;
  /** More fields of a new SMS. */
  readonly fields?: (random: Random) => Readonly<Record<string, unknown>>;
  /** How many may be owed and not yet delivered, before it waits; 1,000 by default. */
  readonly behindAtMost?: number;
  /** How many statuses are owed and not yet delivered. */
  readonly behind: (owed: number) => number;
  readonly random: Random;
}

const WRITERS_AT_LEAST = 8;
/** Each waits for its writes. */
const PER_WRITER = 10;
/** A platform that writes more than can be notified would only make the end of each fault a long wait. */
const BEHIND_AT_MOST = 1_000;
const patience = { timeoutMs: 120_000, intervalMs: 100 } as const;

/**
 * Writes statuses as the platform's programs do until it is stopped: by updates, inserts, and saves of
 * whole documents, which drop or turn back what the worker had recorded. Like any program worth its salt it
 * tries again until its database has taken a write.
 */
export function startLoad(
  sms: Collection<SmsDocument>,
  {
    perSecond,
    singly = false,
    fields: more = () => ({}),
    behindAtMost = BEHIND_AT_MOST,
    behind,
    random,
  }: LoadOptions,
): Load {
  const owed = new Map<string, number>();
  let mode: 'writing' | 'paused' | 'stopped' = 'writing';
  const begun = new Set<Promise<void>>();
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
  const writers = Math.max(WRITERS_AT_LEAST, Math.ceil(perSecond / PER_WRITER));
  const ways = singly ? singleWays : [...singleWays, ...doubleWays];
  const writeOne = async (): Promise<void> => {
    const accountID = random.pick(accounts);
    const way = random.pick(ways);
    const fields = { ...markedFields, accountID, flowId: flowOf(accountID) };
    await way(newSms({ ...fields, ...more(random) }), platform);
  };
  const write = async (): Promise<void> => {
    while (mode !== 'stopped') {
      if (mode === 'writing' && behind(owed.size) < behindAtMost) {
        const writing = writeOne();
        begun.add(writing);
        await writing.finally(() => begun.delete(writing));
      }
      await wait(random.next() * ((2_000 * writers) / perSecond));
    }
  };
  const finish = async (): Promise<void> => {
    await Promise.all(begun);
    while (afterwards.size > 0) await Promise.all(afterwards);
  };
  const writing = Promise.all(Array.from({ length: writers }, write));
  writing.catch(() => undefined);
  return {
    owed,
    async pause() {
      mode = 'paused';
      await finish();
    },
    resume() {
      mode = 'writing';
    },
    async stop() {
      mode = 'stopped';
      await writing;
      await finish();
    },
  };
}

async function persist(write: () => Promise<unknown>): Promise<void> {
  await until('the write is taken', async () => await write().then(() => true), patience);
}
