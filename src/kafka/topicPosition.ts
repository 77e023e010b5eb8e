import type { StreamPosition } from '../domain/change.ts';
import type { TopicMessage } from '../ports/topic.ts';

/** A position in one partition of the topic. */
interface PlaceInTopic {
  /** Of the message that is read next. */
  readonly offset: number;
  /** When what was read last was written, by the event's own clock. */
  readonly at: Date;
}

export function toTopicPosition(place: PlaceInTopic, wallTime = place.at): StreamPosition {
  return { wallTime, opaque: place };
}

export function fromTopicPosition({ opaque }: StreamPosition): PlaceInTopic {
  return opaque as PlaceInTopic;
}

/** Just after a message, whose event was written at that time. */
export function afterMessage({ offset }: TopicMessage, at: Date): StreamPosition {
  return toTopicPosition({ offset: offset + 1, at });
}
