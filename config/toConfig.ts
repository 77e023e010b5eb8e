import type { Config, TextFile } from './config.ts';
import type { Values } from './schema.ts';

interface Files {
  readonly routeQuery: TextFile;
  readonly ca: TextFile | null;
}

/** Gives every value its place and a name with its unit. */
export function toConfig(values: Values, { routeQuery, ca }: Files): Config {
  return {
    mongodb: {
      uri: values.MONGODB_URI,
      database: values.MONGODB_DATABASE,
      collection: values.MONGODB_COLLECTION,
      stateDatabase: values.MONGODB_STATE_DATABASE,
      uuidRepresentation: values.UUID_REPRESENTATION,
    },
    mysql: {
      uri: values.MYSQL_URI,
      adminUri: values.MYSQL_ADMIN_URI,
      poolSize: values.MYSQL_POOL_SIZE,
      timeoutMs: values.MYSQL_TIMEOUT,
      routeQuery,
      ca,
    },
    routeCache: {
      ttlMs: values.ROUTE_CACHE_TTL,
      staleMs: values.ROUTE_CACHE_STALE,
      maxEntries: values.ROUTE_CACHE_SIZE,
    },
    notify: {
      deliveryStatuses: values.DELIVERY_STATUSES,
      maxStatusAgeMs: values.MAX_STATUS_AGE,
      rememberMs: values.REMEMBER,
      recordSkips: values.RECORD_SKIPS,
      startAt: values.START_AT,
      sweepMarginMs: values.SWEEP_MARGIN,
    },
    call: {
      payloadTimeZone: values.PAYLOAD_TIMEZONE,
      requestTimeoutMs: values.REQUEST_TIMEOUT,
      connectTimeoutMs: values.CONNECT_TIMEOUT,
      responseLimitBytes: values.RESPONSE_LIMIT,
      connectionMaxAgeMs: values.CONNECTION_MAX_AGE,
      quickRetriesMs: values.QUICK_RETRIES,
      retryScheduleMs: values.RETRY_SCHEDULE,
      retryAfterMaxMs: values.RETRY_AFTER_MAX,
      giveUpAfterMs: values.GIVE_UP_AFTER,
    },
    limits: {
      maxInFlight: values.MAX_IN_FLIGHT,
      maxInFlightPerEndpoint: values.MAX_IN_FLIGHT_PER_ENDPOINT,
      breakerThreshold: values.BREAKER_THRESHOLD,
      breakerCooldownMs: values.BREAKER_COOLDOWN,
    },
    egress: {
      allowedRanges: values.EGRESS_ALLOW_CIDRS,
      schemes: values.EGRESS_SCHEMES,
      proxy: values.EGRESS_PROXY,
    },
    lease: {
      workerId: values.WORKER_ID === '' ? null : values.WORKER_ID,
      ttlMs: values.LEASE_TTL,
    },
    http: { host: values.HTTP_HOST, port: values.HTTP_PORT },
    log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT },
    shutdown: { graceMs: values.SHUTDOWN_GRACE },
  };
}
