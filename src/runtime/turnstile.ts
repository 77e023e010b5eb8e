/**
 * Lets so many pass in each turn of the event loop, in their order: work that comes in large batches then leaves room
 * for what else arrives between two of its turns.
 */
export interface Turnstile {
  /** Null when the caller may pass at once; else resolves when it may, within a few turns per batch before it. */
  pass(): Promise<void> | null;
}

export function createTurnstile(perTurn: number): Turnstile {
  const waiting: (() => void)[] = [];
  let passed = 0;
  let isTurning = false;
  const turn = (): void => {
    isTurning = false;
    passed = 0;
    for (const go of waiting.splice(0, perTurn)) {
      passed += 1;
      go();
    }
    if (passed > 0) expectTurn();
  };
  const expectTurn = (): void => {
    if (isTurning) return;
    isTurning = true;
    setImmediate(turn);
  };
  return {
    pass() {
      expectTurn();
      if (passed < perTurn && waiting.length === 0) {
        passed += 1;
        return null;
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
