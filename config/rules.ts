import { formatDuration } from './duration.ts';
import type { Problem } from './problem.ts';
import type { SettingName, Values } from './schema.ts';

type NumberName = { [N in SettingName]: Values[N] extends number ? N : never }[SettingName];

/** What must hold between two durations. */
interface Rule {
  readonly lower: NumberName;
  /** Added to the lower one. */
  readonly plus?: NumberName;
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
    lower: 'GIVE_UP_AFTER',
    plus: 'SWEEP_MARGIN',
    relation: 'at most',
    upper: 'REMEMBER',
    because: 'a search after lost history must know what was retried until just now',
  },
  {
    lower: 'RETRY_AFTER_MAX',
    relation: 'at most',
    upper: 'GIVE_UP_AFTER',
    because: 'a longer wait would never be served',
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
  return rules.flatMap(({ lower, plus, relation, upper, because }) => {
    const added = plus === undefined ? 0 : values[plus];
    const [first, high] = [values[lower], values[upper]];
    if (first === undefined || added === undefined || high === undefined) return [];
    const low = first + added;
    if (relation === 'at most' ? low <= high : low < high) return [];
    return {
      variable: lower,
      message: `${plus === undefined ? '' : `plus ${plus} `}is ${formatDuration(low)} and must be ${relation} ${upper}, which is ${formatDuration(high)}`,
      remedy: `change one of them (${because})`,
    };
  });
}
