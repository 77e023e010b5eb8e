import { duration, durationList, timerBounds } from './duration.ts';
import type { Setting } from './setting.ts';
import { boolean, fraction, integer, list, startTime, timeZone } from './values.ts';

/** Only ever compared with dates, or the age of an index entry. */
const age = { min: '1ms', max: '3650d' } as const;

export const deliverySettings = {
  DELIVERY_STATUSES: {
    section: 'notify',
    parser: list(),
    default: '',
    emptyIsValue: true,
    description:
      'The delivery statuses that are notified, exactly as written in the documents, such as `DELIVERED,FAILED`. Empty: all.',
  },
  MAX_STATUS_AGE: {
    section: 'notify',
    parser: duration(age),
    default: '72h',
    description:
      'A document inserted or replaced whose delivery time (else its send time) is longer ago than this is skipped as stale, so that a restore or a migration calls nobody.',
  },
  REMEMBER: {
    section: 'notify',
    parser: duration(age),
    default: '72h',
    description:
      'How long an ended notification is remembered, so that the same status of the same SMS does not call again.',
  },
  SWEEP_MARGIN: {
    section: 'notify',
    parser: duration({ ...age, min: '0s' }),
    default: '24h',
    description:
      'When the oplog no longer reaches back to where the worker left off, the SMS collection is searched for documents whose delivery time is at most this long before that: carriers report late.',
  },
  START_AT: {
    section: 'notify',
    parser: startTime(),
    default: 'now',
    description:
      'Where the very first start begins: `now`, or an ISO 8601 time with an offset. Without effect once there is a checkpoint.',
  },
  RECORD_SKIPS: {
    section: 'notify',
    parser: boolean(),
    default: 'true',
    description:
      'Whether a skipped notification is recorded in the SMS document; `false` only logs and counts it.',
  },
  PAYLOAD_TIMEZONE: {
    section: 'call',
    parser: timeZone(),
    default: 'Asia/Kolkata',
    description:
      'Time zone in which dates are written in the call, and read where a text names none.',
  },
  REQUEST_TIMEOUT: {
    section: 'call',
    parser: duration(timerBounds),
    default: '15s',
    description:
      'Longest duration of one attempt, from the DNS look-up to the last byte of the response.',
  },
  CONNECT_TIMEOUT: {
    section: 'call',
    parser: duration(timerBounds),
    default: '5s',
    description: 'Longest duration of connecting, a part of the attempt.',
  },
  RESPONSE_LIMIT: {
    section: 'call',
    parser: integer({ min: 0, max: 1_048_576 }),
    default: '16384',
    description:
      'Bytes of a response that are read and recorded at most, after decompression; 1 MiB is the highest.',
  },
  CONNECTION_MAX_AGE: {
    section: 'call',
    parser: duration({ ...timerBounds, min: '0s' }),
    default: '60s',
    description:
      'How long a connection is used, so that a changed DNS entry is followed however steady the traffic is. `0s`: for one call.',
  },
  QUICK_RETRIES: {
    section: 'call',
    parser: durationList({ ...timerBounds, min: '0s' }),
    default: '1s,4s',
    emptyIsValue: true,
    description:
      'The wait before each retry of a failed attempt made at once, from memory; one entry per retry, so that attempts in all are one more. Empty: no retries.',
  },
  RETRY_SCHEDULE: {
    section: 'call',
    parser: durationList({ ...age, min: '0s' }),
    default: '30s,2m,10m,30m,2h,5h,10h,10h',
    emptyIsValue: true,
    description:
      'The wait before each retry after the quick ones. These are kept in MongoDB, so they outlast a restart. Each wait is stretched by up to a fifth. Empty: none.',
  },
  RETRY_AFTER_MAX: {
    section: 'call',
    parser: duration(age),
    default: '24h',
    description: 'The longest wait that a webhook can ask for with a `Retry-After` header.',
  },
  GIVE_UP_AFTER: {
    section: 'call',
    parser: duration(age),
    default: '36h',
    description:
      'A notification whose next attempt cannot begin within this time of its being taken up ends as expired.',
  },
  MAX_IN_FLIGHT: {
    section: 'limits',
    parser: integer({ min: 1, max: 10_000 }),
    default: '256',
    description: 'Notifications being called at the same time, in all.',
  },
  MAX_IN_FLIGHT_PER_ENDPOINT: {
    section: 'limits',
    parser: integer({ min: 1, max: 10_000 }),
    default: '32',
    description: 'Notifications being called at the same time at one endpoint.',
  },
  BREAKER_THRESHOLD: {
    section: 'limits',
    parser: fraction(),
    default: '0.7',
    description:
      'An endpoint is not called for a while when at least 10 attempts ended within a minute and at least this share of them was not answered with a 2xx; from above 0 to 1.',
  },
  BREAKER_COOLDOWN: {
    section: 'limits',
    parser: duration(timerBounds),
    default: '30s',
    description:
      'How long that is; then one notification tries whether the endpoint is back. Meanwhile they wait, without using attempts.',
  },
} as const satisfies Record<string, Setting>;
