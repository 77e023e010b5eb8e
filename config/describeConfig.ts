import type { Config } from './config.ts';
import { formatDuration } from './duration.ts';
import type { SettingName } from './schema.ts';

/** The settings in force as an operator would write them; of a secret only whether it is set. */
export function describeConfig(config: Config): Readonly<Record<SettingName, string>> {
  const { mongodb, mysql, routeCache, notify, call, limits } = config;
  const { egress, lease, http, log, shutdown } = config;
  return {
    MONGODB_URI: showSecret(mongodb.uri),
    MONGODB_DATABASE: mongodb.database,
    MONGODB_COLLECTION: mongodb.collection,
    MONGODB_STATE_DATABASE: mongodb.stateDatabase,
    UUID_REPRESENTATION: mongodb.uuidRepresentation,
    MYSQL_URI: showSecret(mysql.uri),
    MYSQL_ADMIN_URI: showSecret(mysql.adminUri),
    MYSQL_POOL_SIZE: String(mysql.poolSize),
    MYSQL_TIMEOUT: formatDuration(mysql.timeoutMs),
    MYSQL_ROUTE_QUERY_FILE: mysql.routeQuery.path,
    MYSQL_CA_FILE: mysql.ca?.path ?? '',
    ROUTE_CACHE_TTL: formatDuration(routeCache.ttlMs),
    ROUTE_CACHE_STALE: formatDuration(routeCache.staleMs),
    ROUTE_CACHE_SIZE: String(routeCache.maxEntries),
    DELIVERY_STATUSES: notify.deliveryStatuses.join(','),
    MAX_STATUS_AGE: formatDuration(notify.maxStatusAgeMs),
    REMEMBER: formatDuration(notify.rememberMs),
    SWEEP_MARGIN: formatDuration(notify.sweepMarginMs),
    START_AT: notify.startAt?.toISOString() ?? 'now',
    RECORD_SKIPS: String(notify.recordSkips),
    PAYLOAD_TIMEZONE: call.payloadTimeZone,
    REQUEST_TIMEOUT: formatDuration(call.requestTimeoutMs),
    CONNECT_TIMEOUT: formatDuration(call.connectTimeoutMs),
    RESPONSE_LIMIT: String(call.responseLimitBytes),
    CONNECTION_MAX_AGE: formatDuration(call.connectionMaxAgeMs),
    QUICK_RETRIES: call.quickRetriesMs.map(formatDuration).join(','),
    RETRY_SCHEDULE: call.retryScheduleMs.map(formatDuration).join(','),
    RETRY_AFTER_MAX: formatDuration(call.retryAfterMaxMs),
    GIVE_UP_AFTER: formatDuration(call.giveUpAfterMs),
    MAX_IN_FLIGHT: String(limits.maxInFlight),
    MAX_IN_FLIGHT_PER_ENDPOINT: String(limits.maxInFlightPerEndpoint),
    BREAKER_THRESHOLD: String(limits.breakerThreshold),
    BREAKER_COOLDOWN: formatDuration(limits.breakerCooldownMs),
    EGRESS_ALLOW_CIDRS: egress.allowedRanges.join(','),
    EGRESS_SCHEMES: egress.schemes.join(','),
    EGRESS_PROXY: showSecret(egress.proxy),
    LEASE_TTL: formatDuration(lease.ttlMs),
    WORKER_ID: lease.workerId ?? '',
    HTTP_HOST: http.host,
    HTTP_PORT: http.port === null ? 'off' : String(http.port),
    LOG_LEVEL: log.level,
    LOG_FORMAT: log.format,
    SHUTDOWN_GRACE: formatDuration(shutdown.graceMs),
  };
}

function showSecret(value: string | null): 'set' | '' {
  return value === null ? '' : 'set';
}
