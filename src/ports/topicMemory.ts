/** How far a partition of the topic is. */
export interface SavedTopicPlace {
  readonly partition: number;
  /** Of the topic as it is now: one that is made anew has another. */
  readonly topicId: string;
  /** Everything before it is acknowledged. */
  readonly offset: number;
  /** When what was acknowledged last was written, by the clock of MongoDB. */
  readonly at: Date;
}

/** How far it was when that was saved. What can't be read of that is null. */
export interface TopicPlace extends Pick<SavedTopicPlace, 'partition' | 'at'> {
  readonly topicId: string | null;
  readonly offset: number | null;
  /** By the clock of MongoDB. */
  readonly savedAt: Date | null;
  /** Who saved it. */
  readonly workerId: string | null;
}

/** Partitions that were there then begin where the first start does; those added later at their first message. */
export interface FirstStartOfTopic {
  readonly topicId: string;
  readonly partitions: number;
  readonly at: Date;
  /** This is it. */
  readonly isNew: boolean;
}

/** How the key of a message names its document: enough to know that of any other document. */
export interface KeyExample {
  readonly messageKey: Uint8Array;
  /** As the change event has it: the store's own. */
  readonly documentKey: unknown;
}

/**
 * Where the workers that take statuses from a topic left off, should Kafka lose what they have committed there. Written
 * with majority. Each call rejects when the database does not answer.
 */
export interface TopicMemory {
  /**
   * Writes down when the first worker ever began to read the topic, and its partitions then; or what is written, by this
   * worker too where it missed the answer. Where that can't be read, all partitions count as added later.
   */
  firstStart(ifFirst: Omit<FirstStartOfTopic, 'isNew'>): Promise<FirstStartOfTopic>;
  /** All of the topic's. */
  load(): Promise<readonly TopicPlace[]>;
  /** Those that are further, or of another topic than the one that is remembered; the others stay as they are. */
  save(places: readonly SavedTopicPlace[]): Promise<void>;
}

/** The example of a topic's keys that all workers and commands share. Each call rejects when the database does not answer. */
export interface KeyExamples {
  /** Null where none is saved. */
  load(): Promise<KeyExample | null>;
  /**
   * In place of the one that is saved, unless that has all of its fields and more. Not before the topic's `firstStart`.
   */
  save(example: KeyExample): Promise<void>;
}
