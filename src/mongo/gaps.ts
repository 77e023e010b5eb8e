import { randomUUID } from 'node:crypto';
import type { Collection, Document } from 'mongodb';
import type { FoundDocument, Gap } from '../domain/gap.ts';
import type { ServerClock } from '../ports/notify.ts';
import type { GapStore } from '../ports/source.ts';
import { toError } from '../runtime/errors.ts';
import { createWakeUp } from '../runtime/wakeUp.ts';
import { createPatience, limits, withDeadline } from './calls.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';
import { causeOf, passes } from './errors.ts';
import { searchGap, type Progress } from './gapSearch.ts';
import { toPlainDocument, type UuidRepresentation } from './plainDocument.ts';
import { isDate, isText, reportNothing, type ReportUnreadable } from './storedRow.ts';
import { firstDate } from './timeIndex.ts';

/** One gap and how far it has been searched. */
export interface GapRow {
  readonly _id: string;
  readonly from: Date;
  readonly to: Date;
  readonly createdAt: Date;
  /** No other gap is added to it any more. Missing from rows of versions that did not have this field. */
  readonly begun?: boolean;
  /** How many pages were searched. */
  readonly step: number;
  readonly progress: Progress | null;
  readonly recovered: number;
  readonly unplaceable: number;
}

/** What a page leads to; `step` is how many came before, so that none is counted twice. */
interface Passage {
  readonly step: number;
  readonly next: Progress;
}

/** One row per gap: its span, how far it has been searched, and what came of that. */
export function createGapStore(options: {
  readonly sms: Collection;
  readonly gaps: Collection<GapRow>;
  readonly uuidRepresentation?: UuidRepresentation | undefined;
  /** Documents whose time lies further before the gap than this do not belong to it. */
  readonly marginMs: number;
  /** What was notified is known for so long. */
  readonly rememberMs: number;
  readonly clock: ServerClock;
  readonly unreadable?: ReportUnreadable;
  /** Aborted when the search is to end. */
  readonly signal: AbortSignal;
}): GapStore {
  const { sms, gaps, clock, marginMs, rememberMs, uuidRepresentation, signal } = options;
  const { unreadable = reportNothing } = options;
  const collection = gaps.collectionName;
  const patience = createPatience(limits.write);
  const pagePatience = createPatience(limits.page);
  const changed = createWakeUp();
  /** Where the search continues in gaps whose rows can't be written, by id. */
  const unsaved = new Map<string, Passage>();

  /** A row that can't be written is logged, and what can be done without it is done. */
  const writeOr = async <Result, Other>(
    id: string,
    write: () => Promise<Result>,
    without: () => Other | Promise<Other>,
  ): Promise<Result | Other> => {
    try {
      return await write();
    } catch (thrown) {
      const error = toError(thrown);
      if (passes(error)) throw error;
      const problem = `it can't be written: ${causeOf(error)}`;
      const advice = 'it is searched, and a restart searches it again: see what refuses it';
      unreadable({ collection, id, problem, advice });
      return await without();
    }
  };

  /** These rows, the oldest first. What is odd in them is repaired, so that it is logged once. */
  const readRows = async (filter: Document): Promise<readonly ReadGap[]> => {
    const found = await withDeadline(patience, () =>
      gaps.find(filter, { sort: { createdAt: 1 }, ...asBytes }).toArray(),
    );
    const now = clock.now();
    const bounds = { now: new Date(now), earliest: new Date(now - rememberMs + marginMs) };
    const rows = decodeAll(found, ['progress']).map((row) => readRow(row, bounds));
    const isUsable = await Promise.all(rows.map(repair));
    return rows.filter((_, index) => isUsable[index]);
  };
  /** False for one that can't be written at all: no search could continue from it. */
  const repair = async ({ gap, repaired }: ReadGap): Promise<boolean> => {
    const fields = Object.keys(repaired);
    if (fields.length === 0) return true;
    const problem = `not as the worker writes them: ${fields.join(', ')}`;
    const row = { collection, id: gap.id, problem };
    try {
      const update = { $set: repaired };
      await withDeadline(patience, () => gaps.updateOne({ _id: gap.id }, update));
    } catch (error) {
      if (passes(toError(error))) throw error;
      unreadable({ ...row, advice: 'it is ignored: add its span in a new row, and remove it' });
      return false;
    }
    const span = `${gap.from.toISOString()} to ${gap.to.toISOString()}`;
    const advice = `it is searched from ${span}; for what lies before run \`backfill --since\``;
    unreadable({ ...row, advice });
    return true;
  };

  /**
   * From now on no other gap is added to this one: its first page may be read at any moment. All that wait as it did
   * are searched for with it. Each is removed only when it is covered, however far it has grown meanwhile.
   */
  const begin = async (first: Gap, waiting: readonly Gap[]): Promise<Gap | null> => {
    const spans = [first, ...waiting];
    const from = new Date(Math.min(...spans.map((span) => span.from.getTime())));
    const to = new Date(Math.max(...spans.map((span) => span.to.getTime())));
    const begun = await writeOr(
      first.id,
      async () =>
        await withDeadline(patience, () =>
          gaps.findOneAndUpdate(
            { _id: first.id },
            { $min: { from }, $max: { to }, $set: { begun: true } },
            { returnDocument: 'after', projection: { from: 1, to: 1 } },
          ),
        ),
      () => 'refused' as const,
    );
    // The others are searched by themselves: nothing says that this one covers them.
    if (begun === 'refused') return first;
    if (waiting.length > 0) {
      const _id = { $in: waiting.map(({ id }) => id) };
      const covered = { ...notBegun, from: { $gte: from }, to: { $lte: to } };
      await withDeadline(patience, () => gaps.deleteMany({ _id, ...covered }));
    }
    if (begun === null) return null;
    return { id: first.id, from: begun.from, to: begun.to };
  };

  return {
    changed,
    async add(from, to) {
      const fresh = { step: 0, progress: null, recovered: 0, unplaceable: 0 };
      const update = {
        $min: { from },
        $max: { to },
        $setOnInsert: { _id: randomUUID(), ...fresh },
        // One that waits may be moved back in the order, too: all that wait are searched at once.
        $currentDate: { createdAt: true },
      } as const;
      await writeOr(
        'that waits',
        async () =>
          await withDeadline(patience, () =>
            gaps.updateOne({ begun: false }, update, { upsert: true }),
          ),
        async () => {
          const createdAt = new Date(clock.now());
          const row = { _id: randomUUID(), ...fresh, begun: false, from, to, createdAt };
          await withDeadline(patience, () => gaps.insertOne(row));
        },
      );
      changed.wake();
    },
    async oldest() {
      const [first, ...others] = await readRows({});
      if (first === undefined) return null;
      if (first.isBegun) return first.gap;
      const waiting = others.filter(({ isBegun }) => !isBegun);
      return await begin(
        first.gap,
        waiting.map(({ gap }) => gap),
      );
    },
    async nextPage(gap) {
      const [row] = await readRows({ _id: gap.id });
      // Another worker has finished it.
      if (row === undefined) return { found: [], progress: null, isLast: true };
      const earliest = new Date(Math.max(firstDate.getTime(), gap.from.getTime() - marginMs));
      const { step, next: progress } = unsaved.get(gap.id) ?? row;
      const search = { sms, earliest, signal, patience: pagePatience };
      const { documents, next } = await searchGap(progress, search);
      const passage: Passage = { step, next };
      return {
        found: documents
          .map((document) => toFound(document, uuidRepresentation))
          .filter(({ document }) => (document['deliveryStatus'] ?? null) !== null),
        progress: passage,
        isLast: next.kind === 'done',
      };
    },
    async passed(gap, page, { recovered, unplaceable }) {
      const passage = page.progress as Passage | null;
      if (passage === null) return;
      const { step, next } = passage;
      unsaved.delete(gap.id);
      await writeOr(
        gap.id,
        async () =>
          await withDeadline(patience, () =>
            gaps.updateOne(
              { _id: gap.id, step },
              { $set: { step: step + 1, progress: next }, $inc: { recovered, unplaceable } },
            ),
          ),
        () => void unsaved.set(gap.id, passage),
      );
    },
    async remove(gap) {
      const projection = { recovered: 1, unplaceable: 1 };
      unsaved.delete(gap.id);
      const row = await withDeadline(patience, () =>
        gaps.findOneAndDelete({ _id: gap.id }, { projection }),
      );
      return { recovered: row?.recovered ?? 0, unplaceable: row?.unplaceable ?? 0 };
    },
  };
}

/** Also those of earlier versions, which did not say. */
const notBegun = { begun: { $ne: true }, progress: null };

type ReadGap = ReturnType<typeof readRow>;

/**
 * Any row can be searched: a span that can't be read counts as all that is remembered (statuses from `earliest` on are
 * known to have been notified), and a search whose state can't be read begins again, which notifies nothing twice.
 * `repaired` has the fields that are not as the worker writes them, as they count and are to be written.
 */
function readRow(row: Document, { earliest, now }: Readonly<{ earliest: Date; now: Date }>) {
  const to = isDate(row['to']) ? (row['to'] as Date) : now;
  const from = isDate(row['from']) ? (row['from'] as Date) : earliest < to ? earliest : to;
  const isStep = Number.isSafeInteger(row['step']);
  const progress = (row['progress'] ?? null) as unknown;
  const isReadable = progress === null || isProgress(progress);
  const oddCounts = ['recovered', 'unplaceable'].filter(
    (name) => row[name] !== undefined && !Number.isSafeInteger(row[name]),
  );
  const repaired: Document = {
    ...(to !== row['to'] && { to }),
    ...(from !== row['from'] && { from }),
    ...(!isStep && { step: 0 }),
    ...(!isReadable && { progress: null }),
    ...Object.fromEntries(oddCounts.map((name) => [name, 0])),
  };
  return {
    gap: { id: row['_id'] as string, from, to },
    isBegun: row['begun'] === true || (isReadable && progress !== null),
    step: isStep ? Number(row['step']) : 0,
    next: isReadable ? (progress as Progress | null) : null,
    repaired,
  };
}

function isProgress(value: unknown): boolean {
  const { kind, ...state } = value as Partial<Record<string, unknown>>;
  switch (kind) {
    case 'dates':
      return isText(state['index']) && isDate(state['from']) && Array.isArray(state['passed']);
    case 'others':
      return isText(state['index']);
    case 'listed':
      return Array.isArray(state['ids']);
    case 'scan':
      return state['from'] !== undefined && typeof state['skipDates'] === 'boolean';
    default:
      return kind === 'done';
  }
}

function toFound(document: Document, uuids: UuidRepresentation | undefined): FoundDocument {
  return {
    documentKey: { opaque: { _id: document['_id'] as unknown } },
    document: toPlainDocument(document, uuids),
  };
}
