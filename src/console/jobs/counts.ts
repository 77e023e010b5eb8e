import { onAbort, waitAtMost } from '../../runtime/abort.ts';
import { toError } from '../../runtime/errors.ts';
import { sentenceOf } from '../../support/errorSentence.ts';
import type { AccountReplay } from '../../support/jobs.ts';
import { jobSentence, replaySpan, type JobResult } from '../../support/replayJob.ts';
import { Refused, type Session } from '../../support/session.ts';

/** What a replay would come to, as far as it has been counted. */
export type CountState =
  | Readonly<{ kind: 'counting'; queued: number }>
  | Readonly<{
      kind: 'counted';
      /** How many would be queued. */
      queued: number;
      examined: number;
      /** That, and how many would not be and why. */
      sentence: string;
    }>
  | Readonly<{ kind: 'failed'; problem: string }>;

/** Dry runs of replays. They go through all SMS, so a page does not wait for them, and nobody counts the same twice. */
export interface Counts {
  /** Begins to count unless that has been done lately. Throws `Refused` while others are counting. */
  count(replay: AccountReplay): Promise<CountState>;
  /** What has come of it; null when nobody counts that, or has lately. */
  counted(replay: AccountReplay): CountState | null;
}

/** As long as a page may well take. */
const PATIENCE_MS = 200;
/** A count that nobody has asked for so long is given up. */
const ABANDONED_MS = 60_000;
/** As long as one is good for. */
const FRESH_MS = 60_000;
const AT_ONCE = 2;
const REMEMBERED = 50;
/** Nothing is queued: as many documents in a page as there may be. */
const PER_SECOND = 1_000;

interface Counting {
  state: CountState;
  askedAt: number;
  readonly begunAt: number;
  ended: Promise<void>;
}

export function createCounts(session: Session): Counts {
  const counts = new Map<string, Counting>();

  const run = async (replay: AccountReplay, counting: Counting): Promise<void> => {
    const stop = new AbortController();
    const forget = onAbort(session.stopping, () => stop.abort());
    try {
      const result = await replaySpan(
        { ...session, stopping: stop.signal },
        {
          span: replay.span,
          states: replay.states,
          perSecond: PER_SECOND,
          isDryRun: true,
          total: null,
          onProgress({ queued }) {
            counting.state = { kind: 'counting', queued };
            if (performance.now() - counting.askedAt > ABANDONED_MS) stop.abort();
          },
        },
      );
      counting.state = stateOf(result);
    } catch (error) {
      counting.state = { kind: 'failed', problem: sentenceOf(toError(error)) };
    } finally {
      forget();
    }
  };

  const begin = (replay: AccountReplay): Counting => {
    const isCounting = ({ state }: Counting): boolean => state.kind === 'counting';
    if ([...counts.values()].filter(isCounting).length >= AT_ONCE) {
      throw new Refused(
        `${AT_ONCE} other searches are running here already: try again in a minute.`,
      );
    }
    const [oldest] = [...counts].find(([, each]) => !isCounting(each)) ?? [];
    if (counts.size >= REMEMBERED && oldest !== undefined) counts.delete(oldest);
    const now = performance.now();
    const counting: Counting = {
      state: { kind: 'counting', queued: 0 },
      askedAt: now,
      begunAt: now,
      ended: Promise.resolve(),
    };
    counts.set(keyOf(replay), counting);
    counting.ended = run(replay, counting);
    return counting;
  };

  return {
    async count(replay) {
      const known = counts.get(keyOf(replay));
      const isFresh =
        known !== undefined &&
        (known.state.kind === 'counting' || performance.now() - known.begunAt < FRESH_MS);
      const counting = isFresh ? known : begin(replay);
      counting.askedAt = performance.now();
      await waitAtMost(PATIENCE_MS, counting.ended);
      return counting.state;
    },
    counted(replay) {
      const counting = counts.get(keyOf(replay));
      if (counting === undefined) return null;
      counting.askedAt = performance.now();
      return counting.state;
    },
  };
}

function keyOf({ accountId, span, states }: AccountReplay): string {
  return JSON.stringify([accountId, span.since, span.until, states.toSorted()]);
}

function stateOf(result: JobResult): CountState {
  if (!result.finished) return { kind: 'failed', problem: 'The search was given up.' };
  const { queued, examined } = result.counts;
  return { kind: 'counted', queued, examined, sentence: jobSentence(result) };
}
