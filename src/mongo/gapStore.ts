import { randomUUID } from 'node:crypto';
import type { Collection, Document } from 'mongodb';
import type { FoundDocument, Gap } from '../domain/gap.ts';
import type { GapStore, ServerClock } from '../pipeline/ports.ts';
import { toError } from '../runtime/errors.ts';
import { createNudge } from '../runtime/nudge.ts';
import { createPatience, limits, withDeadline } from './calls.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';
import type { Progress } from './gapProgress.ts';
import { readGapRow, type ReadGap } from './gapRow.ts';
import type { UuidRepresentation } from './legacyUuid.ts';
import { firstDate } from './mayBelong.ts';
import { passes } from './passingErrors.ts';
import { toPlainDocument } from './plainDocument.ts';
import { searchGap } from './searchGap.ts';
import type { StateCollections } from './stateCollections.ts';
import { tellNobody, type TellUnreadable } from './unreadableRows.ts';

/** What a page leads to; `step` is how many came before, so that none is counted twice. */
interface Passage {
  readonly step: number;
  readonly next: Progress;
}

export function createGapStore(options: {
  readonly sms: Collection;
  readonly gaps: StateCollections['gaps'];
  readonly uuidRepresentation?: UuidRepresentation | undefined;
  /** Documents whose time lies further before the gap than this do not belong to it. */
  readonly marginMs: number;
  /** What was told is known for so long. */
  readonly rememberMs: number;
  readonly clock: ServerClock;
  readonly unreadable?: TellUnreadable;
  /** Aborted when the search is to end. */
  readonly signal: AbortSignal;
}): GapStore {
  const { sms, gaps, clock, marginMs, rememberMs, uuidRepresentation, signal } = options;
  const { unreadable = tellNobody } = options;
  const collection = gaps.collectionName;
  const patience = createPatience(limits.write);
  const pagePatience = createPatience(limits.page);
  const news = createNudge();

  /** These rows as they are to be read, the oldest first. What is odd in them is mended, so that it is told once. */
  const readRows = async (filter: Document): Promise<readonly ReadGap[]> => {
    const found = await withDeadline(patience, () =>
      gaps.find(filter, { sort: { createdAt: 1 }, ...asBytes }).toArray(),
    );
    const now = clock.now();
    const bounds = { now: new Date(now), earliest: new Date(now - rememberMs + marginMs) };
    const rows = decodeAll(found).map((row) => readGapRow(row, bounds));
    const isWhole = await Promise.all(rows.map(mend));
    return rows.filter((_, index) => isWhole[index]);
  };
  /** False for one that can't be written at all: nothing could go on from it. */
  const mend = async ({ gap, mended }: ReadGap): Promise<boolean> => {
    const fields = Object.keys(mended);
    if (fields.length === 0) return true;
    const problem = `not as the worker writes them: ${fields.join(', ')}`;
    const told = { collection, id: gap.id, problem };
    try {
      const update = { $set: mended };
      await withDeadline(patience, () => gaps.updateOne({ _id: gap.id }, update));
    } catch (error) {
      if (passes(toError(error))) throw error;
      unreadable({ ...told, advice: `it is passed over: write its span anew, and remove it` });
      return false;
    }
    const span = `${gap.from.toISOString()} to ${gap.to.toISOString()}`;
    const advice = `it is searched from ${span}; for what lies before run \`backfill --since\``;
    unreadable({ ...told, advice });
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
    const begun = await withDeadline(patience, () =>
      gaps.findOneAndUpdate(
        { _id: first.id },
        { $min: { from }, $max: { to }, $set: { begun: true } },
        { returnDocument: 'after', projection: { from: 1, to: 1 } },
      ),
    );
    const covered = { ...notBegun, from: { $gte: from }, to: { $lte: to } };
    if (waiting.length > 0) {
      const _id = { $in: waiting.map((each) => each.id) };
      await withDeadline(patience, () => gaps.deleteMany({ _id, ...covered }));
    }
    if (begun === null) return null;
    return { id: first.id, from: begun['from'] as Date, to: begun['to'] as Date };
  };

  return {
    news,
    async add(from, to) {
      const fresh = { step: 0, progress: null, recovered: 0, unplaceable: 0 };
      const update = {
        $min: { from },
        $max: { to },
        $setOnInsert: { _id: randomUUID(), ...fresh },
        // One that waits may be put down for later, too: all that wait are searched at once.
        $currentDate: { createdAt: true },
      } as const;
      await withDeadline(patience, () =>
        gaps.updateOne({ begun: false }, update, { upsert: true }),
      );
      news.give();
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
      const { documents, next } = await searchGap(row.progress, {
        sms,
        earliest,
        signal,
        patience: pagePatience,
      });
      const passage: Passage = { step: row.step, next };
      return {
        found: documents.map((document) => toFound(document, uuidRepresentation)).filter(hasStatus),
        progress: passage,
        isLast: next.kind === 'done',
      };
    },
    async passed(gap, page, { recovered, unplaceable }) {
      const passage = page.progress as Passage | null;
      if (passage === null) return;
      const { step, next } = passage;
      await withDeadline(patience, () =>
        gaps.updateOne(
          { _id: gap.id, step },
          { $set: { step: step + 1, progress: next }, $inc: { recovered, unplaceable } },
        ),
      );
    },
    async remove(gap) {
      const projection = { recovered: 1, unplaceable: 1 };
      const row = await withDeadline(patience, () =>
        gaps.findOneAndDelete({ _id: gap.id }, { projection }),
      );
      const count = (name: string): number => Number(row?.[name] ?? 0);
      return { recovered: count('recovered'), unplaceable: count('unplaceable') };
    },
  };
}

/** Also those of earlier versions, which did not say. */
const notBegun = { begun: { $ne: true }, progress: null };

function toFound(document: Document, uuids: UuidRepresentation | undefined): FoundDocument {
  return {
    documentKey: { opaque: { _id: document['_id'] as unknown } },
    document: toPlainDocument(document, uuids),
  };
}

function hasStatus({ document }: FoundDocument): boolean {
  return (document['deliveryStatus'] ?? null) !== null;
}
