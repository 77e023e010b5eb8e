export interface TimeLimit {
  /** Aborted by `end`, or when a time set is over. */
  readonly signal: AbortSignal;
  /** A new one, in place of the one before; null for none. */
  set(ms: number | null, message?: string): void;
  end(reason: Error): void;
}

/** What keeps the demo from hanging. */
export function createTimeLimit(): TimeLimit {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    signal: controller.signal,
    set(ms, message = 'That took too long.') {
      clearTimeout(timer);
      if (ms !== null) timer = setTimeout(() => controller.abort(new Error(message)), ms);
    },
    end: (reason) => controller.abort(reason),
  };
}
