/** What was done, by whatever format a message says it. Parts of it are decoded only when they are asked for. */
export interface MessageEvent {
  /** As MongoDB's change stream names it. */
  readonly operation: string;
  /** Null where the event does not say it. */
  readonly namespace: Namespace | null;
  /** What a collection was renamed to. */
  readonly renamedTo: Namespace | null;
  /** When it was done: what the message says about it, the best first. Any may be an invalid date. */
  readonly times: readonly Date[];
  /** Whether the event itself says which document it is of, or only the message's key. */
  readonly isNamedBy: 'event' | 'key';
  /** The document key as BSON; null where there is none, or none that can be read. */
  documentKey(): Uint8Array | null;
  /**
   * What an update has set, or what there is of the document that was inserted or put in place of another, as BSON. Null
   * when that is nothing; undefined when the event does not say it.
   */
  written(): Uint8Array | null | undefined;
}

export interface Namespace {
  readonly database: string;
  /** Null of an event about the whole database. */
  readonly collection: string | null;
}

export function namespaceOf(database: unknown, collection: unknown): Namespace | null {
  if (typeof database !== 'string') return null;
  return { database, collection: typeof collection === 'string' ? collection : null };
}

/** Of the document that an insert or replace has written, no other fields are taken from a message. */
export const carriedFields = ['deliveryStatus', 'deliveryTime'] as const;
