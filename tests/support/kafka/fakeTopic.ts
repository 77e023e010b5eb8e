/** A message as a broker keeps it. */
interface StoredMessage {
  readonly offset: number;
  readonly name: string;
  readonly writtenAt: Date;
}

interface Log {
  low: number;
  readonly messages: StoredMessage[];
}

/** What a broker keeps of a topic. */
export interface FakeTopic {
  readonly partitions: readonly number[];
  append(partition: number, name: string): void;
  /** As retention does: nothing before that offset is left. */
  deleteBefore(partition: number, offset: number): void;
  /** The offset of the oldest message and the one after the newest. */
  bounds(partition: number): Readonly<{ low: number; high: number }>;
  /** At most so many from that offset on; null when it is out of range. */
  fetch(partition: number, from: number, atMost: number): readonly StoredMessage[] | null;
  /** All messages ever written. */
  all(partition: number): readonly StoredMessage[];
  readonly committed: Map<number, number>;
}

/** The clock is `Date`'s. */
export function createFakeTopic(partitionCount: number): FakeTopic {
  const partitions = Array.from({ length: partitionCount }, (_each, partition) => partition);
  const logs = new Map(partitions.map((partition): [number, Log] => [partition, newLog()]));
  const logOf = (partition: number): Log => {
    const log = logs.get(partition);
    if (log === undefined) throw new Error(`there is no partition ${partition}`);
    return log;
  };
  return {
    partitions,
    append(partition, name) {
      const { messages } = logOf(partition);
      messages.push({ offset: messages.length, name, writtenAt: new Date() });
    },
    deleteBefore(partition, offset) {
      const log = logOf(partition);
      log.low = Math.min(Math.max(log.low, offset), log.messages.length);
    },
    bounds(partition) {
      const { low, messages } = logOf(partition);
      return { low, high: messages.length };
    },
    fetch(partition, from, atMost) {
      const { low, messages } = logOf(partition);
      return from < low || from > messages.length ? null : messages.slice(from, from + atMost);
    },
    all: (partition) => logOf(partition).messages,
    committed: new Map(),
  };
}

function newLog(): Log {
  return { low: 0, messages: [] };
}
