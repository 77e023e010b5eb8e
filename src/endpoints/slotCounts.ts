/**
 * Outcomes that may wait to be remembered besides, for each call that may run. With calls of 200 ms that take 25 ms to
 * be remembered, an eighth is used; a crash can repeat so many more.
 */
const OUTCOMES_PER_CALL = 0.5;
/** With fewer possible calls there are none besides: the slot of a quick endpoint would go to a slow one meanwhile. */
const OUTCOMES_FROM = 8;
/** Of those outcomes, the share from which on they are not to wait for others. */
const AWAITED_FROM = 0.5;

/** Slots that are held, of calls and of outcomes that are not remembered yet, and how many more there are. */
export interface SlotCounts {
  took(): void;
  /** One of the calls. */
  answered(): void;
  /** One that was answered. */
  released(): void;
  /** Calls that may begin. */
  readonly free: number;
  readonly unanswered: number;
  /** Outcomes hold so many slots that they should be remembered soon. */
  readonly hasManyOutcomes: boolean;
}

export function createSlotCounts(maxInFlight: number): SlotCounts {
  const maxOutcomes = maxInFlight < OUTCOMES_FROM ? 0 : Math.floor(OUTCOMES_PER_CALL * maxInFlight);
  let unanswered = 0;
  let outcomes = 0;
  return {
    took: () => void (unanswered += 1),
    answered() {
      unanswered -= 1;
      outcomes += 1;
    },
    released: () => void (outcomes -= 1),
    get free() {
      return maxInFlight - Math.max(unanswered, unanswered + outcomes - maxOutcomes);
    },
    get unanswered() {
      return unanswered;
    },
    get hasManyOutcomes() {
      return outcomes > AWAITED_FROM * maxOutcomes;
    },
  };
}
