import { abortReason } from '../runtime/abort.ts';

/**
 * Bounded concurrency, per endpoint and in all. Each endpoint has a lane, first come first served; free
 * slots go round the lanes that have work and room, so that a busy endpoint can't take them all.
 */
export interface Lanes {
  /** Runs `call` when its endpoint and the whole have a slot. Rejects if `signal` is aborted before. */
  run<Result>(
    endpointKey: string,
    call: () => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result>;
  /** Slots not taken. */
  readonly free: number;
}

interface Lane {
  inFlight: number;
  readonly waiting: Set<() => void>;
}

export function createLanes(options: {
  readonly maxInFlight: number;
  readonly maxInFlightPerEndpoint: number;
  onInFlight?(count: number): void;
}): Lanes {
  const { maxInFlight, maxInFlightPerEndpoint, onInFlight } = options;
  const lanes = new Map<string, Lane>();
  /** Lanes with work and room, in the order of their turns. */
  const ready = new Set<Lane>();
  let inFlight = 0;

  const refresh = (lane: Lane): void => {
    const canStart = lane.waiting.size > 0 && lane.inFlight < maxInFlightPerEndpoint;
    if (canStart) ready.add(lane);
    else ready.delete(lane);
  };

  const handOut = (): void => {
    for (let [lane] = ready; lane !== undefined && inFlight < maxInFlight; [lane] = ready) {
      ready.delete(lane);
      const [start] = lane.waiting;
      if (start === undefined) continue;
      lane.waiting.delete(start);
      lane.inFlight += 1;
      inFlight += 1;
      refresh(lane);
      start();
    }
    onInFlight?.(inFlight);
  };

  const laneOf = (endpointKey: string): Lane => {
    const known = lanes.get(endpointKey);
    if (known !== undefined) return known;
    const lane: Lane = { inFlight: 0, waiting: new Set() };
    lanes.set(endpointKey, lane);
    return lane;
  };

  const takeSlot = async (lane: Lane, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const start = (): void => {
        signal.removeEventListener('abort', stop);
        resolve();
      };
      const stop = (): void => {
        lane.waiting.delete(start);
        refresh(lane);
        reject(abortReason(signal));
      };
      signal.addEventListener('abort', stop, { once: true });
      lane.waiting.add(start);
      refresh(lane);
      handOut();
    });
  };

  const giveBack = (endpointKey: string, lane: Lane): void => {
    lane.inFlight -= 1;
    inFlight -= 1;
    refresh(lane);
    if (lane.inFlight === 0 && lane.waiting.size === 0) lanes.delete(endpointKey);
    handOut();
  };

  return {
    async run(endpointKey, call, signal) {
      const lane = laneOf(endpointKey);
      await takeSlot(lane, signal);
      try {
        return await call();
      } finally {
        giveBack(endpointKey, lane);
      }
    },
    get free() {
      return maxInFlight - inFlight;
    },
  };
}
