/**
 * Every event a log line can carry, in one place: alerts and runbooks match on these names, so a name
 * changes only with a changelog entry.
 */
export type LogEvent =
  | 'started'
  | 'settings'
  | 'setting_warning'
  | 'draining'
  | 'stopped'
  | 'stop_overdue'
  | 'start_failed'
  | 'crashed'
  | 'waiting_for_mongodb'
  | 'waiting_for_mysql'
  | 'mongodb_unreachable'
  | 'mongodb_recovered'
  | 'mysql_unreachable'
  | 'mysql_recovered'
  | 'mysql_schema_error'
  | 'mysql_fewer_connections'
  | 'route_key_error'
  | 'route_cache_stale'
  | 'standby'
  | 'lease_acquired'
  | 'lease_lost'
  | 'waiting_for_kafka'
  | 'kafka_unreachable'
  | 'kafka_recovered'
  | 'kafka_rejoining'
  | 'partitions_assigned'
  | 'partitions_revoked'
  | 'partition_opened'
  | 'partition_lost'
  | 'offsets_lost'
  | 'unreadable_message'
  | 'stream_opened'
  | 'stream_reopening'
  | 'stream_history_lost'
  | 'event_unreadable'
  | 'checkpoint_invalid'
  | 'gap_scan_started'
  | 'gap_scan_finished'
  | 'document_without_time'
  | 'collection_gone'
  | 'checkpoint_save_failed'
  | 'oplog_unreadable'
  | 'attempt'
  | 'notification_skipped'
  | 'notification_failed'
  | 'unusable_document'
  | 'invalid_webhook'
  | 'document_gone'
  | 'endpoint_disabled'
  | 'endpoint_enabled'
  | 'breaker_opened'
  | 'breaker_probe_failed'
  | 'breaker_closed'
  | 'record_restored'
  | 'record_failed'
  | 'indexes_created'
  | 'list_indexes_created'
  | 'row_unreadable'
  | 'database_retry'
  | 'http_thread_ended'
  | 'systemd_not_told'
  | 'traces_dropped'
  | 'console_started'
  | 'console_link'
  | 'console_request_failed'
  | 'console_users_refused'
  | 'console_users_exposed'
  | 'sign_in'
  | 'sign_in_refused'
  | 'audit';

/** Plain values; an `Error` is written with its code, message, stack and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What the worker may say. error: someone must act. warn: degraded, or back from it. info: one line per
 * attempt and per step of the life cycle. debug: the rest.
 * Never given: SMS text, phone numbers, URL queries, header values, secrets, connection passwords.
 */
export interface Logger {
  error(event: LogEvent, fields?: LogFields): void;
  warn(event: LogEvent, fields?: LogFields): void;
  info(event: LogEvent, fields?: LogFields): void;
  debug(event: LogEvent, fields?: LogFields): void;
}

const nothing = (): void => undefined;

/** For whoever says in another way what there is to say. */
export const silentLogger: Logger = {
  error: nothing,
  warn: nothing,
  info: nothing,
  debug: nothing,
};
