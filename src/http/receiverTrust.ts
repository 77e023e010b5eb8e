/** What is known of the manners of receivers, by endpoint. */
export interface ReceiverTrust {
  /** It was seen that nothing follows its answers of this status. */
  isTrusted(endpointKey: string, statusCode: number): boolean;
  /** Something followed an answer not long ago. */
  isDistrusted(endpointKey: string): boolean;
  /** Nothing followed for a while. */
  wasQuiet(endpointKey: string, statusCode: number): void;
  saidTooMuch(endpointKey: string): void;
}

const ENDPOINTS_AT_MOST = 10_000;
const STATUSES_AT_MOST = 16;
/** So often must nothing have followed. */
const QUIET_TIMES = 2;
const DISTRUST_MS = 600_000;

interface Known {
  readonly quietTimes: Map<number, number>;
  distrustedUntil: number;
}

/** Of so many endpoints as were called last. */
export function createReceiverTrust(now: () => number): ReceiverTrust {
  const endpoints = new Map<string, Known>();
  const known = (endpointKey: string): Known => {
    const found = endpoints.get(endpointKey) ?? { quietTimes: new Map(), distrustedUntil: 0 };
    endpoints.delete(endpointKey);
    endpoints.set(endpointKey, found);
    const [oldest] = endpoints.keys();
    if (endpoints.size > ENDPOINTS_AT_MOST && oldest !== undefined) endpoints.delete(oldest);
    return found;
  };
  return {
    isTrusted: (endpointKey, statusCode) =>
      (endpoints.get(endpointKey)?.quietTimes.get(statusCode) ?? 0) >= QUIET_TIMES,
    isDistrusted: (endpointKey) => (endpoints.get(endpointKey)?.distrustedUntil ?? 0) > now(),
    wasQuiet(endpointKey, statusCode) {
      const { quietTimes } = known(endpointKey);
      if (quietTimes.size < STATUSES_AT_MOST || quietTimes.has(statusCode)) {
        quietTimes.set(statusCode, (quietTimes.get(statusCode) ?? 0) + 1);
      }
    },
    saidTooMuch(endpointKey) {
      const found = known(endpointKey);
      found.quietTimes.clear();
      found.distrustedUntil = now() + DISTRUST_MS;
    },
  };
}
