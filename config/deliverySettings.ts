import { duration, durationList, timerBounds } from './duration.ts';
import {
  boolean,
  fraction,
  integer,
  list,
  optional,
  startTime,
  threadsOrAuto,
  timeZone,
} from './parsers.ts';
import type { Setting } from './setting.ts';
import { addressRanges, proxyUrl, schemes } from './uris.ts';

/** For durations that never become a timer: they are compared with dates or are the age of an index entry. */
const age = { min: '1ms', max: '3650d' } as const;

export const deliverySettings = {
  DELIVERY_STATUSES: {
    key: 'notify.deliveryStatuses',
    parser: list,
    default: '',
    emptyIsValue: true,
    description:
      'Delivery statuses that trigger a notification, written exactly as in the documents, such as `DELIVERED,FAILED`. Empty: all.',
  },
  MAX_STATUS_AGE: {
    key: 'notify.maxStatusAgeMs',
    parser: duration(age),
    default: '72h',
    description:
      'Maximum age of an inserted or replaced document, by its delivery time or, without one, its send time. Older ones are skipped as stale, so that a restore or a migration does not notify customers.',
  },
  REMEMBER: {
    key: 'notify.rememberMs',
    parser: duration(age),
    default: '72h',
    description:
      'How long an ended notification is remembered, so that no second notification is sent for the same status of the same SMS.',
  },
  SWEEP_MARGIN: {
    key: 'notify.sweepMarginMs',
    parser: duration({ ...age, min: '0s' }),
    default: '24h',
    description:
      'If the oplog no longer reaches back to the position of the worker, the worker scans the SMS collection. The scan includes documents whose delivery time is up to this long before that position, because carriers report late.',
  },
  START_AT: {
    key: 'notify.startAt',
    parser: startTime,
    default: 'now',
    description:
      'Where the worker starts reading on its very first start: `now`, or an ISO 8601 time with an offset. Ignored once a checkpoint exists.',
  },
  RECORD_SKIPS: {
    key: 'notify.recordSkips',
    parser: boolean,
    default: 'true',
    description:
      'Whether skipped notifications are recorded in the SMS document. If `false`, they are only logged and counted.',
  },
  PAYLOAD_TIMEZONE: {
    key: 'call.payloadTimeZone',
    parser: timeZone,
    default: 'Asia/Kolkata',
    description:
      'Time zone of the dates in the payload, in the output of commands and in the text log. It also applies to times that are given without a time zone.',
  },
  REQUEST_TIMEOUT: {
    key: 'call.requestTimeoutMs',
    parser: duration(timerBounds),
    default: '15s',
    description:
      'Maximum duration of one attempt, from the DNS lookup to the last byte of the response.',
  },
  CONNECT_TIMEOUT: {
    key: 'call.connectTimeoutMs',
    parser: duration(timerBounds),
    default: '5s',
    description: 'Maximum time to establish a connection. It is part of the attempt.',
  },
  RESPONSE_LIMIT: {
    key: 'call.responseLimitBytes',
    parser: integer({ min: 0, max: 1_048_576 }),
    default: '16384',
    description:
      'Maximum number of bytes of a response that are read and recorded, after decompression. At most 1 MiB.',
  },
  CONNECTION_MAX_AGE: {
    key: 'call.connectionMaxAgeMs',
    parser: duration({ ...timerBounds, min: '0s' }),
    default: '60s',
    description:
      'Maximum age of a reused connection, so that DNS changes take effect even under constant traffic. `0s` opens a connection for each call.',
  },
  QUICK_RETRIES: {
    key: 'call.quickRetriesMs',
    parser: durationList({ ...timerBounds, min: '0s' }),
    default: '1s,4s',
    emptyIsValue: true,
    description:
      'Waits before the quick retries, which are held in memory. One entry per retry; the first attempt is not counted. Empty: no quick retries.',
  },
  RETRY_SCHEDULE: {
    key: 'call.retryScheduleMs',
    parser: durationList({ ...age, min: '0s' }),
    default: '30s,2m,10m,30m,2h,5h,10h,10h',
    emptyIsValue: true,
    description:
      'Waits before the retries that follow the quick ones. They are stored in MongoDB and survive a restart. Each wait is extended by up to 20 % at random. Empty: none.',
  },
  RETRY_AFTER_MAX: {
    key: 'call.retryAfterMaxMs',
    parser: duration(age),
    default: '24h',
    description: 'Maximum wait that a webhook can request with a `Retry-After` header.',
  },
  GIVE_UP_AFTER: {
    key: 'call.giveUpAfterMs',
    parser: duration(age),
    default: '36h',
    description:
      'How long a notification may take, counted from when the worker accepts it. If the next attempt cannot start within this time, the notification ends as expired.',
  },
  MAX_IN_FLIGHT: {
    key: 'limits.maxInFlight',
    parser: integer({ min: 1, max: 10_000 }),
    default: '256',
    description: 'Maximum number of concurrent calls in total.',
  },
  MAX_IN_FLIGHT_PER_ENDPOINT: {
    key: 'limits.maxInFlightPerEndpoint',
    parser: integer({ min: 1, max: 10_000 }),
    default: '32',
    description: 'Maximum number of concurrent calls to one endpoint.',
  },
  HTTP_THREADS: {
    key: 'limits.httpThreads',
    parser: threadsOrAuto,
    default: 'auto',
    description:
      'Number of threads that make the calls, in addition to the main thread, which does everything else. `0`: the main thread makes the calls. `auto`: `0` on one or two cores, otherwise one fewer than cores, at most 4.',
  },
  BREAKER_THRESHOLD: {
    key: 'limits.breakerThreshold',
    parser: fraction,
    default: '0.7',
    description:
      'Failure rate at which the circuit breaker of an endpoint opens: calls pause when at least 10 attempts ended within a minute and at least this fraction of them did not get a 2xx answer. Above 0, at most 1.',
  },
  BREAKER_COOLDOWN: {
    key: 'limits.breakerCooldownMs',
    parser: duration(timerBounds),
    default: '30s',
    description:
      'How long calls pause. Then one notification tests whether the endpoint has recovered. In the meantime notifications wait without using up attempts.',
  },
  EGRESS_ALLOW_CIDRS: {
    key: 'egress.allowedRanges',
    parser: addressRanges,
    default: '',
    emptyIsValue: true,
    description:
      'Non-public addresses that may be called, such as `10.20.0.0/16` for receivers in your own network. All other addresses that are private, loopback, link-local or otherwise not reachable from the Internet are refused, regardless of the host name or notation in the URL. Empty: none.',
  },
  EGRESS_SCHEMES: {
    key: 'egress.schemes',
    parser: schemes,
    default: 'https,http',
    description:
      'Allowed schemes of webhook URLs. With `https` alone, notifications for an `http` URL end as `invalid_webhook`.',
  },
  EGRESS_PROXY: {
    key: 'egress.proxy',
    parser: optional(proxyUrl),
    default: '',
    secret: true,
    description:
      'HTTP proxy for all webhook calls, used with CONNECT. The worker still resolves and checks every address, and asks the proxy to connect to the checked address. The proxy itself may have any address. Empty: none.',
  },
} as const satisfies Record<string, Setting>;
