import { StreamFailure } from '../domain/streamFailure.ts';

/** How often the connection may be cut at one position before that is laid to what comes next there. */
const CUTS_BORNE = 8;

/** Tells an event that no answer can hold from a network that fails. */
export interface CutWatch {
  /** The stream was read. */
  read(): void;
  /** What a failure is in the light of those before it. */
  judge(failure: StreamFailure): Promise<StreamFailure>;
}

/**
 * A server whose answer has come out larger than 16 MB does not say so, it cuts the connection, and again
 * each time the stream is reopened there (measured on 6.0.5: the insert of a small document whose `_id` has
 * 2.8 to 4 MB, since the id is in the event four times and in the answer's token twice more; with a longer
 * id the event by itself is too large, which is told as error 10334). `answers` asks the server anything
 * else: an outage must not be taken for that.
 */
export function createCutWatch(answers: () => Promise<unknown>): CutWatch {
  let cuts = 0;
  return {
    read() {
      cuts = 0;
    },
    async judge(failure) {
      if (failure.code !== 'MongoNetworkError') return failure;
      cuts += 1;
      if (cuts < CUTS_BORNE) return failure;
      const isThere = await answers().then(
        () => true,
        () => false,
      );
      if (!isThere) return failure;
      cuts = 0;
      const told = `the server answers, but has cut the connection ${CUTS_BORNE} times at this position: an event too large for one answer`;
      return new StreamFailure('oversized', 'connection_cut', new Error(told, { cause: failure }));
    },
  };
}
