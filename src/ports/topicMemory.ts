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

/**
 * Where the workers that take statuses from a topic left off, should Kafka lose what they have committed there. Written
 * with majority. Each call rejects when the database does not answer.
 */
export interface TopicMemory {
  /** All of the topic's. */
  load(): Promise<readonly TopicPlace[]>;
  /** Those that are further, or of another topic than the one that is remembered; the others stay as they are. */
  save(places: readonly SavedTopicPlace[]): Promise<void>;
}
