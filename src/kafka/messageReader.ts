import type { StreamPosition } from '../domain/change.ts';
import type { StreamRead } from '../ports/source.ts';
import type { TopicMetrics } from '../ports/telemetry.ts';
import type { DecodeMessage, TopicMessage } from '../ports/topic.ts';
import type { Logger } from '../runtime/logger.ts';
import { afterMessage, fromTopicPosition } from './topicPosition.ts';

/** Turns messages into what a partition's readers bring. */
export interface MessageReader {
  /** @param before where the partition was before this message */
  read(message: TopicMessage, before: StreamPosition): StreamRead;
}

/**
 * After a drop or rename, the connector opens its stream anew, without a token, within seconds: what was written until
 * then is in no message.
 */
const REOPENED_AFTER_MS = 30_000;

export function createMessageReader(deps: {
  readonly decode: DecodeMessage;
  readonly now: () => number;
  readonly metrics: Pick<TopicMetrics, 'messageUnreadable' | 'messageWritten'>;
  readonly logger: Logger;
}): MessageReader {
  const { decode, now, metrics, logger } = deps;
  return {
    read(message, before) {
      const { partition, offset, timestampMs } = message;
      const content = decode(message);
      metrics.messageWritten(timestampMs);
      const { at } = fromTopicPosition(before);
      switch (content.kind) {
        case 'change':
          return content;
        case 'ignored':
        case 'heartbeat':
          return {
            kind: 'passed',
            position: afterMessage(message, timestampMs < 0 ? at : new Date(timestampMs)),
          };
        case 'collectionGone': {
          const until = new Date(now() + REOPENED_AFTER_MS);
          const { operation } = content;
          logger.error('collection_gone', { operation, partition, offset });
          return { kind: 'gap', from: null, until, position: afterMessage(message, content.at) };
        }
        case 'otherCollection':
          metrics.messageUnreadable('other_collection');
          logger.warn('unreadable_message', { partition, offset, reason: content.namespace });
          return { kind: 'passed', position: afterMessage(message, at) };
        case 'unreadable':
          metrics.messageUnreadable(content.reason);
          logger.warn('unreadable_message', { partition, offset, reason: content.reason });
          return { kind: 'passed', position: afterMessage(message, at) };
        default:
          return content satisfies never;
      }
    },
  };
}
