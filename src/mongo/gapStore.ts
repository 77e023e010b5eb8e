import { randomUUID } from 'node:crypto';
import type { Collection, Document } from 'mongodb';
import type { FoundDocument, Gap } from '../domain/gap.ts';
import type { GapStore } from '../pipeline/ports.ts';
import { createNudge } from '../runtime/nudge.ts';
import { createPatience, limits, withDeadline } from './calls.ts';
import type { Progress } from './gapProgress.ts';
import type { UuidRepresentation } from './legacyUuid.ts';
import { toPlainDocument } from './plainDocument.ts';
import { searchGap } from './searchGap.ts';
import type { GapRow, StateCollections } from './stateCollections.ts';

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
  /** Aborted when the search is to end. */
  readonly signal: AbortSignal;
}): GapStore {
  const { sms, gaps, marginMs, uuidRepresentation, signal } = options;
  const patience = createPatience(limits.write);
  const pagePatience = createPatience(limits.page);
  const news = createNudge();

  /**
   * From now on no other gap is added to this one: its first page may be read at any moment. All that wait as it did
   * are searched for with it. Each is removed only when it is covered, however far it has grown meanwhile.
   */
  const begin = async (row: GapRow): Promise<Gap | null> => {
    const waiting: readonly Document[] = await withDeadline(patience, () =>
      gaps.find({ _id: { $ne: row._id }, ...notBegun }).toArray(),
    );
    const spans = [row, ...waiting].map(toGap);
    const from = new Date(Math.min(...spans.map((span) => span.from.getTime())));
    const to = new Date(Math.max(...spans.map((span) => span.to.getTime())));
    const begun = await withDeadline(patience, () =>
      gaps.findOneAndUpdate(
        { _id: row._id },
        { $min: { from }, $max: { to }, $set: { begun: true } },
        { returnDocument: 'after' },
      ),
    );
    const covered = { ...notBegun, from: { $gte: from }, to: { $lte: to } };
    if (waiting.length > 0) {
      const _id = { $in: waiting.map((each) => each['_id'] as string) };
      await withDeadline(patience, () => gaps.deleteMany({ _id, ...covered }));
    }
    return begun === null ? null : toGap(begun);
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
      const row = await withDeadline(patience, () => gaps.findOne({}, { sort: { createdAt: 1 } }));
      if (row === null) return null;
      return row['begun'] === true ? toGap(row) : await begin(row);
    },
    async nextPage(gap) {
      const row = await withDeadline(patience, () => gaps.findOne({ _id: gap.id }));
      // Another worker has finished it.
      if (row === null) return { found: [], progress: null, isLast: true };
      const earliest = new Date(gap.from.getTime() - marginMs);
      const before = row['progress'] as Progress | null;
      const { documents, next } = await searchGap(before, {
        sms,
        earliest,
        signal,
        patience: pagePatience,
      });
      const passage: Passage = { step: row['step'] as number, next };
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
      const row = await withDeadline(patience, () => gaps.findOneAndDelete({ _id: gap.id }));
      const count = (name: string): number => (row?.[name] as number | undefined) ?? 0;
      return { recovered: count('recovered'), unplaceable: count('unplaceable') };
    },
  };
}

/** Also those of earlier versions, which did not say. */
const notBegun = { begun: { $ne: true }, progress: null };

function toGap(row: Document): Gap {
  return { id: row['_id'] as string, from: row['from'] as Date, to: row['to'] as Date };
}

function toFound(document: Document, uuids: UuidRepresentation | undefined): FoundDocument {
  return {
    documentKey: { opaque: { _id: document['_id'] as unknown } },
    document: toPlainDocument(document, uuids),
  };
}

function hasStatus({ document }: FoundDocument): boolean {
  return (document['deliveryStatus'] ?? null) !== null;
}
