import type { PlainDocument, PlainValue } from './plainValue.ts';

/**
 * A place in the change stream. `opaque` belongs to the change source, which alone can reopen from it;
 * `wallTime` is for people and lag figures.
 */
export interface StreamPosition {
  readonly wallTime: Date;
  readonly opaque: unknown;
}

/** Names one document for the store that issued it: its whole document key, shard key included. */
export interface DocumentKey {
  readonly opaque: unknown;
  /** The hash of the message's key, if a message has named it: see `domain/partitionKey.ts`. */
  readonly keyHash?: number;
}

/**
 * A write of interest, as the change stream shows it: it set the delivery status of an SMS, or saved the whole
 * document, which may have removed records.
 */
export interface Change {
  readonly operation: 'update' | 'insert' | 'replace';
  readonly documentKey: DocumentKey;
  /** The document's `_id`. */
  readonly id: PlainValue;
  /** The status this write set; undefined for a whole-document save that has none, or null. */
  readonly deliveryStatus: PlainValue | undefined;
  /**
   * The whole document as written; null for an update, which carries only what it set, without a status, and where
   * the event could not be read whole.
   */
  readonly document: PlainDocument | null;
  /** The top-level fields an update set; where there is no document to an insert or replace, what is known of it. */
  readonly setFields: PlainDocument;
  /** The server's wall clock at the write. */
  readonly statusAt: Date;
  /**
   * Of a status that a search has found in the document: the latest it can have been set, `statusAt` being no more than
   * what the carrier says. Whatever is known of the SMS up to then was set before it.
   */
  readonly setBefore?: Date;
  readonly position: StreamPosition;
}
