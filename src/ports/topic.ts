import type { Change, StreamPosition } from '../domain/change.ts';

/** A message as Kafka's client delivers it. */
export interface TopicMessage {
  readonly partition: number;
  readonly offset: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** When the connector wrote it, by the topic's own timestamps, in ms since 1970. Negative where it has none. */
  readonly timestampMs: number;
}

/**
 * Why a message is passed over; also the values of a metric's label. What to change on the connector:
 * - no_key: a message without a key does not go to the partition of its SMS.
 * - foreign_key: its key is not the document key, as JSON.
 * - not_decodable: it begins as BSON or JSON and is broken.
 * - unknown_format: neither BSON nor JSON, or JSON of something else: Avro, Protobuf, BSON as text.
 * - simplified_json: dates and ids as text only, so that it can't be told which `_id` is meant.
 * - full_document_only: a document without the event that it is of.
 * - no_operation: an event that does not say what was done.
 * - no_document_key: an event that does not say to which document.
 * - nothing_written: an event without the part that says what was written.
 * - too_large: more than any change event of MongoDB has.
 */
export const unreadableReasons = [
  'no_key',
  'foreign_key',
  'not_decodable',
  'unknown_format',
  'simplified_json',
  'full_document_only',
  'no_operation',
  'no_document_key',
  'nothing_written',
  'too_large',
] as const;
export type UnreadableReason = (typeof unreadableReasons)[number];

/** What a message says. */
export type MessageContent =
  /** Without the document: an insert or replace carries its status and delivery time only, as of an update. */
  | Readonly<{ kind: 'change'; change: Change }>
  /** Nothing that concerns us: a delete, an update that set no status, a tombstone. */
  | Readonly<{ kind: 'ignored' }>
  /** The connector reads, though nothing of ours has happened. */
  | Readonly<{ kind: 'heartbeat' }>
  /** The collection was dropped, renamed or replaced. */
  | Readonly<{ kind: 'collectionGone'; operation: string; at: Date }>
  /** An event of another collection, as `database.collection`. */
  | Readonly<{ kind: 'otherCollection'; namespace: string }>
  | Readonly<{ kind: 'unreadable'; reason: UnreadableReason }>;

/** Never throws, whatever the bytes are. */
export type DecodeMessage = (message: TopicMessage) => MessageContent;

/** The position of a message. @param wallTime of the event in it */
export type PositionOfMessage = (message: TopicMessage, wallTime: Date) => StreamPosition;
