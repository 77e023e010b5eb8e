import { formatDuration } from './duration.ts';
import { findMisspellings } from './misspelling.ts';
import type { Environment } from './readSetting.ts';
import { settingEntries, type Values } from './schema.ts';

const knownNames = settingEntries.flatMap(([name, setting]) =>
  setting.secret ? [name, `${name}_FILE`] : [name],
);

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
  const [schedule, giveUpAfterMs] = [values.RETRY_SCHEDULE, values.GIVE_UP_AFTER];
  if (schedule !== undefined && giveUpAfterMs !== undefined) {
    const longestMs = Math.ceil(1.2 * schedule.reduce((sum, waitMs) => sum + waitMs, 0));
    if (longestMs > giveUpAfterMs) {
      warnings.push(
        `RETRY_SCHEDULE may take ${formatDuration(longestMs)} in all and is not always served to its end, as GIVE_UP_AFTER is ${formatDuration(giveUpAfterMs)}`,
      );
    }
  }
  return warnings;
}
