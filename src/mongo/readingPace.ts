/**
 * What is remembered of a stream that could not be read, from one opening to the next: how the careful reading goes
 * about it.
 */
export interface ReadingPace {
  /** How much of the oplog one read may go through, in seconds of its writing. */
  readonly spanS: number;
  /** Events in a row that have to come quickly before the stream is read in the ordinary way again. */
  readonly quickEvents: number;
  /** One read was cut off or stayed away. */
  slower(): void;
  /** A span was read to its end, in so long. */
  spanRead(ms: number): void;
  /** The ordinary way is tried again, far from the end of the oplog. */
  resumed(): void;
  /** An event could not be stepped over. */
  stuck(): void;
  /** That has happened again and again, with nothing read in between. */
  readonly isStuck: boolean;
  /** Something was read. */
  moved(): void;
  /** All there is has been read. */
  caughtUp(): void;
}

/** At 20,000 foreign entries a second and 6 µs for each, a read of 0.6 s. */
const FIRST_SPAN_S = 5;
/** A read that takes longer has the next go through less. Far shorter than anybody cuts an idle connection after. */
const READ_MS = { quick: 1_000, slow: 4_000 } as const;
const FIRST_QUICK_EVENTS = 200;
/** With the waits before reopening, half a minute: a fault that passes must leave no gap. */
const TRIES_TO_STEP_OVER = 9;

export function createReadingPace(): ReadingPace {
  let spanS = FIRST_SPAN_S;
  let quickEvents = FIRST_QUICK_EVENTS;
  let timesStuck = 0;
  const scale = (factor: number): void => {
    spanS = Math.max(1, Math.round(spanS * factor));
  };
  return {
    get spanS() {
      return spanS;
    },
    get quickEvents() {
      return quickEvents;
    },
    slower() {
      scale(1 / 4);
    },
    spanRead(ms) {
      if (ms < READ_MS.quick) scale(2);
      if (ms > READ_MS.slow) scale(1 / 2);
    },
    resumed() {
      quickEvents *= 2;
    },
    stuck() {
      timesStuck += 1;
    },
    get isStuck() {
      return timesStuck >= TRIES_TO_STEP_OVER;
    },
    moved() {
      timesStuck = 0;
    },
    caughtUp() {
      spanS = FIRST_SPAN_S;
      quickEvents = FIRST_QUICK_EVENTS;
    },
  };
}
