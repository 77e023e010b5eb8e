import type { TopicMessage } from '../ports/topic.ts';
import type { ClientMessage } from './clientTypes.ts';

/** Nothing else of what the client delivers. */
export function toTopicMessage(message: ClientMessage): TopicMessage {
  const { partition, offset, key, value, timestamp } = message;
  return { partition, offset, key, value, timestampMs: timestamp };
}
