import { formatDuration } from './duration.ts';
import type { Problem } from './problem.ts';
import type { SettingName, Values } from './schema.ts';

type NumberName = { [N in SettingName]: Values[N] extends number ? N : never }[SettingName];

/** What must hold between two durations. */
interface Rule {
  readonly lower: NumberName;
  readonly relation: 'at most' | 'less than';
  readonly upper: NumberName;
  readonly because: string;
}

export const rules: readonly Rule[] = [
  {
    lower: 'MAX_STATUS_AGE',
    relation: 'at most',
    upper: 'REMEMBER',
    because: 'what is forgotten while it still counts as fresh would be notified again',
  },
  {
    lower: 'CONNECT_TIMEOUT',
    relation: 'at most',
    upper: 'REQUEST_TIMEOUT',
    because: 'connecting is a part of the request',
  },
  {
    lower: 'REQUEST_TIMEOUT',
    relation: 'less than',
    upper: 'SHUTDOWN_GRACE',
    because: 'a stop lets a request in flight end',
  },
];

/** Rules on values that could not be read are passed over; those have a problem already. */
export function brokenRules(values: Partial<Values>): readonly Problem[] {
  return rules.flatMap(({ lower, relation, upper, because }) => {
    const [low, high] = [values[lower], values[upper]];
    if (low === undefined || high === undefined) return [];
    if (relation === 'at most' ? low <= high : low < high) return [];
    return {
      variable: lower,
      message: `is ${formatDuration(low)} and must be ${relation} ${upper}, which is ${formatDuration(high)}`,
      remedy: `change one of them (${because})`,
    };
  });
}
