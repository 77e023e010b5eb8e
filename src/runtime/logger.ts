/**
 * Every event a log line can carry, in one place: alerts and runbooks match on these names, so a name
 * changes only with a changelog entry.
 */
export type LogEvent =
  | 'started'
  | 'settings'
  | 'setting_doubtful'
  | 'draining'
  | 'stopped'
  | 'stop_overdue'
  | 'start_failed'
  | 'crashed'
  | 'waiting_for_mongodb'
  | 'waiting_for_mysql'
  | 'mongodb_unreachable'
  | 'mongodb_answers_again'
  | 'mysql_unreachable'
  | 'mysql_answers_again'
  | 'mysql_schema_error'
  | 'mysql_fewer_connections'
  | 'route_key_error'
  | 'route_cache_stale'
  | 'standby'
  | 'lease_taken'
  | 'lease_lost'
  | 'stream_opened'
  | 'stream_reopening'
  | 'stream_history_lost'
  | 'event_unreadable'
  | 'checkpoint_doubtful'
  | 'gap_sweep_begins'
  | 'gap_swept'
  | 'unplaceable_document'
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
  | 'record_restored'
  | 'record_failed'
  | 'indexes_created'
  | 'row_unreadable'
  | 'database_retry';

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
