import { createHash } from 'node:crypto';

/** Whoever fails too often has to wait, each time twice as long. */
interface Throttle {
  /** From when on `key` may try; a moment in the past when it may now. */
  opensAt(key: string): number;
  failed(key: string): void;
  forget(key: string): void;
  /** How many keys it remembers. */
  size(): number;
}

interface ThrottleOptions {
  /** So many failures cost nothing. */
  readonly free: number;
  readonly now: () => number;
  /** More keys are not remembered: those that failed longest ago are forgotten. */
  readonly mostKeys?: number;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15 * 60_000;
/** After the last failure. */
const REMEMBERED_MS = 60 * 60_000;
const MOST_KEYS = 10_000;

interface Entry {
  readonly failures: number;
  readonly failedAt: number;
  readonly opensAt: number;
}

export function createThrottle({ free, now, mostKeys = MOST_KEYS }: ThrottleOptions): Throttle {
  /** The longest ago failed first. */
  const entries = new Map<string, Entry>();
  const recent = (key: string): Entry | null => {
    const entry = entries.get(key);
    return entry !== undefined && now() - entry.failedAt < REMEMBERED_MS ? entry : null;
  };
  return {
    opensAt: (key) => recent(shortened(key))?.opensAt ?? 0,
    failed(given) {
      const key = shortened(given);
      const failures = (recent(key)?.failures ?? 0) + 1;
      const doubled = FIRST_WAIT_MS * 2 ** (failures - free);
      const waitMs = failures < free ? 0 : Math.min(LONGEST_WAIT_MS, doubled);
      entries.delete(key);
      entries.set(key, { failures, failedAt: now(), opensAt: now() + waitMs });
      const [oldest] = entries.keys();
      if (entries.size > mostKeys && oldest !== undefined) entries.delete(oldest);
    },
    forget: (key) => void entries.delete(shortened(key)),
    size: () => entries.size,
  };
}

/** A name may be as long as a form. */
function shortened(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
