import type { Collection, Document } from 'mongodb';
import type { DeliveryRecord } from '../domain/record.ts';
import type { Ending, OutcomeStore, RecordedEnding } from '../ports/notify.ts';
import type { Metrics } from '../ports/telemetry.ts';
import { createBatcher } from '../runtime/batcher.ts';
import { createCondition } from '../runtime/condition.ts';
import { isolate } from '../runtime/isolate.ts';
import type { Logger } from '../runtime/logger.ts';
import { retryTransient } from '../runtime/retry.ts';
import { createPatience, limits, withDeadline, type Limit } from './calls.ts';
import { insistOrReport, passes } from './errors.ts';
import type { Ledger } from './ledger.ts';
import { createRecordWriter } from './recordWriter.ts';
import type { RetryRows } from './retryRow.ts';

/** How long a batch is collected while nothing waits for its slots, and while something does. */
const LINGER_MS = 25;
const LINGER_AWAITED_MS = 2;

/**
 * Slots are held until their outcomes are remembered, so that does not wait for other outcomes to be shown: with calls
 * of 200 ms, 256 slots make a tenth more of them. Beyond so many that are remembered and not shown, it does.
 */
const MOST_UNSHOWN = 400;

const BATCH_SIZE = 200;
/** Responses in one batch, when `RESPONSE_LIMIT` lets them be large. */
const BATCH_BYTES = 8 * 1024 * 1024;

/**
 * Group commit: one majority-acknowledged write costs a round trip and a replication wait, whether it
 * carries one row or two hundred (measured: 0.4 k/s one by one, 11-18 k/s in batches).
 */
export function createOutcomeStore(options: {
  readonly sms: Collection;
  readonly ledger: Ledger;
  readonly retries: RetryRows;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'recordFailed'>;
  /** Whether anything waits for one of the slots that are held until their outcomes are written. */
  areSlotsAwaited(): boolean;
  /** Aborted when the worker can't wait any longer for a write. */
  readonly signal: AbortSignal;
}): OutcomeStore {
  const { ledger, retries, logger, metrics, signal } = options;
  const records = createRecordWriter(options);
  const trying = { signal, logger, passes };

  const again = async <Result>(what: Step, operation: () => Promise<Result>): Promise<Result> =>
    await retryTransient(operation, { ...trying, what });

  /** May be done again: what is there already stays, or is written as it was. */
  const remember = async (endings: readonly Ending[]): Promise<readonly Known[]> => {
    const ended = endings.filter(hasRecord).filter((ending) => ending.remember);
    const limit = createPatience(limits.write);
    const known = await again('ledger', () => ledger.add(ended, limit));
    for (const { remembered } of ended) remembered?.();
    return endings.map(() => known);
  };
  /** May be done again. */
  const show = async (remembered: readonly Remembered[]): Promise<(null | Promise<null>)[]> => {
    const ready = remembered.filter(isReady);
    const limit = createPatience(limits.write);
    const shown = ready.flatMap(toBeShown);
    await again('record', () => records.write(shown, limit));
    const endings = ready.map(({ ending }) => ending);
    await again('retry', () => removeRows(retries, endings, limit));
    return remembered.map((each) => (isReady(each) ? null : finishAside(each)));
  };

  /** One step for an ending that can't be committed with others: when that is refused for good, it goes on without. */
  const step = async <Result>(
    what: Step,
    { notificationId }: Ending,
    operation: () => Promise<Result>,
  ): Promise<Result | null> => {
    const insisted = await insistOrReport(operation, {
      ...{ what, fields: { notificationId }, logger, metrics, signal, probe: probes[what] },
    });
    return insisted.kind === 'done' ? insisted.result : null;
  };
  const probes = {
    ledger: async () => await ledger.tryToWrite(limits.write),
    record: async () => await records.tryToWrite(limits.write),
    retry: async () =>
      await withDeadline(limits.write, () => retries.deleteOne({ _id: { $in: [] } })),
  } as const;
  const endAlone = async (ending: Ending): Promise<null> => {
    const limit = createPatience(limits.write);
    const remembered = hasRecord(ending) && ending.remember ? [ending] : [];
    const known = await step('ledger', ending, async () => await ledger.add(remembered, limit));
    return await finish({ ending, known: known ?? new Map() });
  };
  /** What is left to do once it is remembered. */
  const finish = async (remembered: Remembered): Promise<null> => {
    const { ending } = remembered;
    const limit = createPatience(limits.write);
    await ending.onRemembered?.();
    if (hasRecord(ending)) {
      const shown = toBeShown(remembered);
      await step('record', ending, async () => await records.write(shown, limit));
    }
    await step('retry', ending, async () => await removeRows(retries, [ending], limit));
    return null;
  };
  /** What else has to be durable first may be refused for a while: the others of the batch do not wait for it. */
  const finishAside = (remembered: Remembered): Promise<null> => {
    const finishing = finish(remembered);
    // It is given to a caller who handles that later.
    finishing.catch(() => undefined);
    return finishing;
  };

  let unshown = 0;
  const hasRoom = createCondition();
  const showing = createBatcher<Remembered, null>({
    ...{ maxSize: BATCH_SIZE, concurrency: 2, lingerMs: 0 },
    weight: { atMost: BATCH_BYTES, of: ({ ending }) => weightOf(ending) },
    run: async (remembered) =>
      await isolate(remembered, show, { ...trying, what: 'outcome', alone: finish }),
  });
  const remembering = createBatcher<Ending, Known | null>({
    ...{ maxSize: BATCH_SIZE, concurrency: 2 },
    weight: { atMost: BATCH_BYTES, of: weightOf },
    lingerMs: () => (options.areSlotsAwaited() ? LINGER_AWAITED_MS : LINGER_MS),
    async run(endings) {
      await hasRoom.until(() => unshown < MOST_UNSHOWN, signal);
      return await isolate<Ending, Known | null>(endings, remember, {
        ...trying,
        what: 'outcome',
        alone: endAlone,
      });
    },
  });
  return {
    async end(ending) {
      const known = await remembering.add(ending);
      if (known === null) return;
      unshown += 1;
      try {
        await showing.add({ ending, known });
      } finally {
        unshown -= 1;
        hasRoom.check();
      }
    },
  };
}

type Step = 'ledger' | 'record' | 'retry';
/** What the ledger has of ends that were there already, by notification. */
type Known = ReadonlyMap<string, DeliveryRecord>;

interface Remembered {
  readonly ending: Ending;
  readonly known: Known;
}

function weightOf({ record }: Ending): number {
  return record?.response?.length ?? 0;
}

function isReady({ ending }: Remembered): boolean {
  return ending.onRemembered === undefined;
}

function hasRecord(ending: Ending): ending is RecordedEnding {
  return ending.record !== null;
}

/** When the ledger had an end already, the one that it keeps is shown. */
function toBeShown({ ending, known }: Remembered): readonly RecordedEnding[] {
  if (!hasRecord(ending)) return [];
  const record = ending.remember ? known.get(ending.notificationId) : undefined;
  if (record !== undefined) return [{ ...ending, record, showRecord: true }];
  return ending.showRecord ? [ending] : [];
}

/** Only rows that are still ours: whoever has claimed one since sees in the ledger that it has ended. */
async function removeRows(
  retries: RetryRows,
  endings: readonly Ending[],
  limit: Limit,
): Promise<void> {
  const claimed = endings.filter((ending) => ending.claim !== null);
  if (claimed.length === 0) return;
  const ids = claimed.map(({ notificationId }) => notificationId);
  // One command for all, because rows that were claimed together share a token.
  const tokens = [...new Set(claimed.map(({ claim }) => claim))];
  const rows: Document = { _id: { $in: ids }, 'claim.token': { $in: tokens } };
  await withDeadline(limit, () => retries.deleteMany(rows));
}
