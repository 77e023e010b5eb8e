import { formatDuration } from './duration.ts';
import { kafkaWarnings } from './kafkaRules.ts';
import type { Environment } from './reading.ts';
import { settingEntries, type UsableValues } from './schema.ts';

const knownNames = settingEntries.flatMap(([name, setting]) =>
  setting.secret ? [name, `${name}_FILE`] : [name],
);

/** Standard variables of OpenTelemetry that are no settings here: a platform may set them for all its services. */
const ofOtherServices =
  /^OTEL_(?:EXPORTER_OTLP_(?:INSECURE|COMPRESSION|CERTIFICATE|CLIENT_\w+|(?:TRACES|METRICS|LOGS)_\w+)|(?:BSP|BLRP|METRICS?|LOGS?|SPAN|NODE)_\w+)$/;

/** Settings that are valid but probably a mistake. */
export function findWarnings(env: Environment, values: UsableValues): readonly string[] {
  const ours = Object.keys(env).filter((name) => !ofOtherServices.test(name));
  const warnings = findMisspellings(ours, knownNames).map(
    ({ given, meant }) => `${given} is not a setting; did you mean ${meant}?`,
  );
  const inAll = values.MAX_IN_FLIGHT;
  const perEndpoint = values.MAX_IN_FLIGHT_PER_ENDPOINT;
  if (inAll !== undefined && perEndpoint !== undefined && perEndpoint > inAll) {
    warnings.push(
      `MAX_IN_FLIGHT_PER_ENDPOINT is ${perEndpoint} and has no effect, because MAX_IN_FLIGHT is ${inAll}`,
    );
  }
  const [schedule, giveUpAfterMs] = [values.RETRY_SCHEDULE, values.GIVE_UP_AFTER];
  if (schedule !== undefined && giveUpAfterMs !== undefined) {
    const longestMs = Math.ceil(1.2 * schedule.reduce((sum, waitMs) => sum + waitMs, 0));
    if (longestMs > giveUpAfterMs) {
      warnings.push(
        `RETRY_SCHEDULE takes up to ${formatDuration(longestMs)} in total, but GIVE_UP_AFTER is ${formatDuration(giveUpAfterMs)}: some retries may never be made`,
      );
    }
  }
  if (values.MONGODB_URI !== undefined) warnings.push(...ofMongodbUri(values.MONGODB_URI));
  if (values.CONSOLE_PROXY_CIDRS?.some((range) => range.endsWith('/0')) === true) {
    warnings.push(
      'CONSOLE_PROXY_CIDRS contains all addresses: whoever reaches the console can say who they are',
    );
  }
  return [...warnings, ...kafkaWarnings(values)];
}

/** A read of the change stream may scan the oplog for this long before it returns. */
const SCAN_MS = 300_000;

function ofMongodbUri(uri: string): readonly string[] {
  const warnings: string[] = [];
  for (const [given, value] of new URLSearchParams(uri.split('?')[1] ?? '')) {
    const name = given.toLowerCase();
    const ms = Number(value);
    if (name === 'sockettimeoutms' && ms > 0 && ms < SCAN_MS) {
      warnings.push(
        `socketTimeoutMS in MONGODB_URI is ${formatDuration(ms)}, which is shorter than an oplog scan may take: the change stream ignores it, but all other calls that take longer fail`,
      );
    }
    if (name === 'timeoutms') {
      warnings.push('timeoutMS in MONGODB_URI has no effect: every call has its own time limit');
    }
  }
  return warnings;
}

/** Levenshtein distance: the number of letters added, removed or changed. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, letter] of left.split('').entries()) {
    const next = [index + 1];
    for (const [column, other] of right.split('').entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

/**
 * Pairs of an unknown variable and the setting that was probably meant: a setting that is not set and whose
 * name differs in at most a quarter of its letters.
 */
export function findMisspellings(
  given: readonly string[],
  known: readonly string[],
): readonly Readonly<{ given: string; meant: string }>[] {
  const unset = known.filter((name) => !given.includes(name));
  return given
    .filter((name) => !known.includes(name))
    .flatMap((name) => {
      const meant = unset.find(
        (candidate) =>
          Math.abs(candidate.length - name.length) <= candidate.length / 4 &&
          distance(name, candidate) <= candidate.length / 4,
      );
      return meant === undefined ? [] : { given: name, meant };
    });
}
