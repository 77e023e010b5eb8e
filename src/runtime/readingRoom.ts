/** What one reader has of the room. */
export interface Share {
  /** So much may be read without asking. */
  readonly freeBytes: number;
  /**
   * To read more, up to so many bytes in all: true when they may be read. Otherwise `granted` or `cut` is called,
   * once. Either may be followed by `cut`.
   */
  ask(bytes: number, reader: Reader): boolean;
  /** Nothing more is read: of what was asked for so much is held. */
  keep(bytes: number): void;
  /** Gives all of it back; once or more often. */
  release(): void;
}

interface Reader {
  /** There is room now. */
  granted(): void;
  /** It is to make do with what it has, at once. */
  cut(): void;
}

export interface ReadingRoom {
  open(): Share;
}

/** For whoever reads little, or alone. */
export const roomForAll: Share = {
  freeBytes: Infinity,
  ask: () => true,
  keep: () => undefined,
  release: () => undefined,
};

/** How long room is waited for at most. */
const WAIT_MS = 5_000;
/** How long one that has room may read while others wait for it. */
const READ_MS = 1_000;
const LOOK_EVERY_MS = 100;

/**
 * Bounds what many read at once and hold until they are done with it. Nobody knows beforehand how much comes: a little
 * may be read by all; whoever finds more asks for as much as there may be, reads it without asking again, and gives
 * the rest back. So those that have room come to their ends, and nobody waits with half of what it needs. None holds up
 * the others for long: one that reads slowly while others wait is cut, and so is one that has waited for too long.
 */
export function createReadingRoom({
  limit,
  freeBytes,
  mostBytes,
}: {
  /** Of all of them together, beside what each may read without asking. */
  readonly limit: number;
  readonly freeBytes: number;
  /** Nobody reads more. */
  readonly mostBytes: number;
}): ReadingRoom {
  if (mostBytes <= freeBytes) return { open: () => roomForAll };
  let held = 0;
  const waiting = new Set<Waiting>();
  /** In the order in which they were given room. */
  const reading = new Set<Granted>();
  let looking: NodeJS.Timeout | undefined;

  const hasRoomFor = (bytes: number): boolean => held === 0 || held + bytes <= limit;
  const cutSlow = (): void => {
    const now = performance.now();
    for (const { since, reader } of [...waiting]) if (now - since > WAIT_MS) reader.cut();
    for (const { since, reader } of [...reading]) {
      if (waiting.size > 0 && now - since > READ_MS) reader.cut();
    }
  };
  // After a pause of the process what has come meanwhile is read before.
  const look = (): void => void setImmediate(cutSlow);
  const give = (): void => {
    for (const each of waiting) {
      if (!hasRoomFor(each.bytes)) return;
      each.take();
    }
    clearInterval(looking);
    looking = undefined;
  };

  return {
    open() {
      let own = 0;
      let waits: Waiting | null = null;
      let reads: Granted | null = null;
      const take = (bytes: number, reader: Reader): void => {
        own = bytes;
        held += bytes;
        reads = { since: performance.now(), reader };
        reading.add(reads);
      };
      const leave = (): void => {
        if (waits !== null) waiting.delete(waits);
        if (reads !== null) reading.delete(reads);
        waits = null;
        reads = null;
      };
      const holdOnly = (bytes: number): void => {
        leave();
        held += bytes - own;
        own = bytes;
        if (waiting.size > 0 || looking !== undefined) give();
      };
      return {
        freeBytes,
        ask(bytes, reader) {
          if (waiting.size === 0 && hasRoomFor(bytes)) {
            take(bytes, reader);
            return true;
          }
          waits = {
            since: performance.now(),
            bytes,
            reader,
            take() {
              leave();
              take(bytes, reader);
              reader.granted();
            },
          };
          waiting.add(waits);
          looking ??= setInterval(look, LOOK_EVERY_MS);
          return false;
        },
        keep(bytes) {
          holdOnly(Math.min(bytes, own));
        },
        release() {
          holdOnly(0);
        },
      };
    },
  };
}

interface Granted {
  readonly since: number;
  readonly reader: Reader;
}

interface Waiting extends Granted {
  readonly bytes: number;
  take(): void;
}
