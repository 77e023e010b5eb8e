import { orAbort } from './abort.ts';

/** Calls under way, one per key, shared by everyone who asks for the same. */
export interface Singleflight<Result> {
  /**
   * Joins the call under way for `key`, or starts one. Aborting `signal` only takes this caller out of
   * it; `start`'s own signal is aborted once nobody is left who waits.
   */
  run(
    key: string,
    start: (signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result>;
}

export function createSingleflight<Result>(): Singleflight<Result> {
  interface Call {
    readonly controller: AbortController;
    readonly result: Promise<Result>;
    callers: number;
    isOver: boolean;
  }
  const calls = new Map<string, Call>();

  const begin = (key: string, start: (signal: AbortSignal) => Promise<Result>): Call => {
    const controller = new AbortController();
    const call = { controller, result: start(controller.signal), callers: 0, isOver: false };
    const end = (): void => {
      call.isOver = true;
    };
    call.result.then(end, end);
    calls.set(key, call);
    return call;
  };

  return {
    async run(key, start, signal) {
      signal.throwIfAborted();
      const call = calls.get(key) ?? begin(key, start);
      call.callers += 1;
      try {
        return await orAbort(call.result, signal);
      } finally {
        call.callers -= 1;
        // Either everyone has the result or everyone has left: a later caller must not find this one.
        if (calls.get(key) === call && call.callers === 0) calls.delete(key);
        // Not after its end: an abort makes an error with a stack each time.
        if (call.callers === 0 && !call.isOver) call.controller.abort();
      }
    },
  };
}
