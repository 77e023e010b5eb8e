import type { ClientError, TopicPartitionOffset } from './clientTypes.ts';
import { codes } from './errorCodes.ts';

/**
 * What becomes of commits. One partition each: of several that were committed at once, the client tells an error only if
 * all of them failed.
 */
export interface Commits {
  /** To be called before the commit is made. Null once it is committed, else why not; no answer is an error, too. */
  expect(place: TopicPartitionOffset): Promise<ClientError | null>;
  answered(error: ClientError | undefined, offsets: readonly TopicPartitionOffset[]): void;
  /** Nothing is answered any more. */
  close(): void;
}

const noAnswer: ClientError = { message: 'no broker has answered a commit', code: codes.timedOut };

export function createCommits(limitMs: number): Commits {
  /** In the order in which they were made. */
  const expected = new Map<string, ((answer: ClientError | null) => void)[]>();
  let isClosed = false;
  const keyOf = ({ partition, offset }: TopicPartitionOffset): string => `${partition}:${offset}`;
  return {
    async expect(place) {
      if (isClosed) return noAnswer;
      const key = keyOf(place);
      return await new Promise((resolve) => {
        const waiting = expected.get(key) ?? [];
        expected.set(key, waiting);
        const settle = (answer: ClientError | null): void => {
          clearTimeout(timer);
          const index = waiting.indexOf(settle);
          if (index !== -1) waiting.splice(index, 1);
          if (waiting.length === 0 && expected.get(key) === waiting) expected.delete(key);
          resolve(answer);
        };
        const timer = setTimeout(settle, limitMs, noAnswer);
        waiting.push(settle);
      });
    },
    answered(error, offsets) {
      for (const place of offsets) expected.get(keyOf(place))?.[0]?.(error ?? null);
    },
    close() {
      isClosed = true;
      for (const waiting of [...expected.values()])
        for (const settle of [...waiting]) settle(noAnswer);
    },
  };
}
