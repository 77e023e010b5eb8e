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
import type { StateCollections } from './stateCollections.ts';

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
  return {
    news,
    async add(from, to) {
      const row = { from, to, step: 0, progress: null, createdAt: new Date() };
      const counts = { recovered: 0, unplaceable: 0 };
      await withDeadline(patience, () => gaps.insertOne({ _id: randomUUID(), ...row, ...counts }));
      news.give();
    },
    async oldest() {
      const row = await withDeadline(patience, () => gaps.findOne({}, { sort: { createdAt: 1 } }));
      return row === null ? null : toGap(row);
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
