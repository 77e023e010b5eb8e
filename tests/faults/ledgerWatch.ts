import type { Collection } from 'mongodb';

interface LedgerRow {
  readonly _id: string;
  readonly endedAt: Date;
}

/** Knows from when on a notification was in the worker's ledger for all to read. */
export interface LedgerWatch {
  /** When each was first seen there, by `performance.now()`. */
  readonly seenAt: ReadonlyMap<string, number>;
  /** Reads the whole ledger now. */
  look(): Promise<void>;
  /** Forgets what was seen: an older ledger has been put in its place. */
  forget(): void;
  stop(): Promise<void>;
}

const EVERY_MS = 200;
/** How far back rows are read again: those of a slow write carry the time at which it began. */
const OVERLAP_MS = 3_000;

export function watchLedger(sent: Collection<LedgerRow>): LedgerWatch {
  const seenAt = new Map<string, number>();
  const stopped = new AbortController();
  let newest = new Date(0);

  const read = async (since: Date): Promise<void> => {
    const rows = await sent
      .find({ endedAt: { $gte: since } }, { projection: { endedAt: 1 }, maxTimeMS: 5_000 })
      .toArray();
    const now = performance.now();
    for (const { _id, endedAt } of rows) {
      if (!seenAt.has(_id)) seenAt.set(_id, now);
      if (endedAt > newest) newest = endedAt;
    }
  };
  const watch = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      // While the database is away nothing can be seen, and nothing is missed.
      await read(new Date(newest.getTime() - OVERLAP_MS)).catch(() => undefined);
      await new Promise<void>((resolve) => setTimeout(resolve, EVERY_MS));
    }
  };
  const watching = watch();
  return {
    seenAt,
    look: async () => await read(new Date(0)),
    forget() {
      seenAt.clear();
      newest = new Date(0);
    },
    async stop() {
      stopped.abort();
      await watching;
    },
  };
}
