import { formatDuration } from './duration.ts';
import { findMisspellings } from './misspelling.ts';
import type { Environment } from './readSetting.ts';
import { settingEntries, type Values } from './schema.ts';

const knownNames = settingEntries.flatMap(([name, setting]) =>
  setting.secret ? [name, `${name}_FILE`] : [name],
);

/** What calls in flight read of responses: each takes several times its bytes until its record is durable. */
const RESPONSES_AT_ONCE = 16 * 1024 * 1024;

/** What is allowed and yet probably not meant. */
export function findWarnings(env: Environment, values: Partial<Values>): readonly string[] {
  const warnings = findMisspellings(Object.keys(env), knownNames).map(
    ({ given, meant }) => `${given} is not a setting; was ${meant} meant?`,
  );
  const inAll = values.MAX_IN_FLIGHT;
  const perEndpoint = values.MAX_IN_FLIGHT_PER_ENDPOINT;
  if (inAll !== undefined && perEndpoint !== undefined && perEndpoint > inAll) {
    warnings.push(
      `MAX_IN_FLIGHT_PER_ENDPOINT is ${perEndpoint} and never reached, as MAX_IN_FLIGHT is ${inAll}`,
    );
  }
  const responseLimit = values.RESPONSE_LIMIT;
  if (inAll !== undefined && responseLimit !== undefined) {
    const atOnce = inAll * responseLimit;
    if (atOnce > RESPONSES_AT_ONCE) {
      warnings.push(
        `MAX_IN_FLIGHT (${inAll}) responses of RESPONSE_LIMIT (${responseLimit} bytes) take more memory than the worker is meant to have; together they should come to ${RESPONSES_AT_ONCE} bytes at most`,
      );
    }
  }
  const [schedule, giveUpAfterMs] = [values.RETRY_SCHEDULE, values.GIVE_UP_AFTER];
  if (schedule !== undefined && giveUpAfterMs !== undefined) {
    const longestMs = Math.ceil(1.2 * schedule.reduce((sum, waitMs) => sum + waitMs, 0));
    if (longestMs > giveUpAfterMs) {
      warnings.push(
        `RETRY_SCHEDULE may take ${formatDuration(longestMs)} in all and is not always served to its end, as GIVE_UP_AFTER is ${formatDuration(giveUpAfterMs)}`,
      );
    }
  }
  if (values.MONGODB_URI !== undefined) warnings.push(...ofMongodbUri(values.MONGODB_URI));
  return warnings;
}

/** A read of the change stream may go through the oplog for so long before it brings anything. */
const SCAN_MS = 300_000;

function ofMongodbUri(uri: string): readonly string[] {
  const warnings: string[] = [];
  for (const [given, value] of new URLSearchParams(uri.split('?')[1] ?? '')) {
    const name = given.toLowerCase();
    const ms = Number(value);
    if (name === 'sockettimeoutms' && ms > 0 && ms < SCAN_MS) {
      warnings.push(
        `socketTimeoutMS in MONGODB_URI is ${formatDuration(ms)}, shorter than a scan of the oplog may take: it is not used for the change stream, and cuts off other calls that take longer`,
      );
    }
    if (name === 'timeoutms') {
      warnings.push(
        'timeoutMS in MONGODB_URI does nothing, as the driver ignores it: every call has a limit of its own',
      );
    }
  }
  return warnings;
}
