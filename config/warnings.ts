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
  return warnings;
}
