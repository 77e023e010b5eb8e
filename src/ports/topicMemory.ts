/** How far a partition of the topic was, and when that was. */
export interface TopicPlace {
  readonly partition: number;
  /** Of the topic as it was then: one that is made anew has another. Null where it can't be read. */
  readonly topicId: string | null;
  /** Everything before it was acknowledged. Null where it can't be read. */
  readonly offset: number | null;
  /** When what was acknowledged last was written, by the clock of MongoDB. */
  readonly at: Date;
}

export interface SavedTopicPlace extends TopicPlace {
  readonly topicId: string;
  readonly offset: number;
}

/** One that is remembered. */
export interface RememberedPlace extends TopicPlace {
  /** The worker that has written it, and when; null where that can't be read. */
  readonly workerId: string | null;
  readonly savedAt: Date | null;
}

/** Partitions that were there then begin where the first start does; those added later at their first message. */
export interface FirstStartOfTopic {
  readonly topicId: string;
  readonly partitions: number;
  readonly at: Date;
  /** This is it. */
  readonly isNew: boolean;
}

/**
 * Where the workers that take statuses from a topic left off, should Kafka lose what they have committed there. Written
 * with majority. Each call rejects when the database does not answer.
 */
export interface TopicMemory {
  /** Writes down when the first worker ever began to read the topic, and its partitions then; or what is written. */
  firstStart(ifFirst: Omit<FirstStartOfTopic, 'isNew'>): Promise<FirstStartOfTopic>;
  /** All of the topic's. */
  load(): Promise<readonly RememberedPlace[]>;
  /** Those that are further, or of another topic than the one that is remembered; the others stay as they are. */
  save(places: readonly SavedTopicPlace[]): Promise<void>;
}
