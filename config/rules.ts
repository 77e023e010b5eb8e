import { formatDuration } from './duration.ts';
import { brokenKafkaRules } from './kafkaRules.ts';
import type { Problem } from './reading.ts';
import type { SettingName, UsableValues, Values } from './schema.ts';
import { brokenTracingRules } from './tracingRules.ts';

type NumberName = { [N in SettingName]: Values[N] extends number ? N : never }[SettingName];

/** A relation that must hold between two durations. */
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
    because: 'otherwise a status that is not yet stale could be forgotten and notified again',
  },
  {
    lower: 'GIVE_UP_AFTER',
    plus: 'SWEEP_MARGIN',
    relation: 'at most',
    upper: 'REMEMBER',
    because: 'a scan after lost history must recognise the notifications that were being retried',
  },
  {
    lower: 'RETRY_AFTER_MAX',
    relation: 'at most',
    upper: 'GIVE_UP_AFTER',
    because: 'a longer wait would end after the notification has expired',
  },
  {
    lower: 'CONNECT_TIMEOUT',
    relation: 'at most',
    upper: 'REQUEST_TIMEOUT',
    because: 'connecting is part of the request',
  },
  {
    lower: 'REQUEST_TIMEOUT',
    relation: 'less than',
    upper: 'SHUTDOWN_GRACE',
    because: 'a stop waits for requests in flight',
  },
];

/** MongoDB refuses a database whose name differs from that of an existing one in case only. */
function oneDatabase(values: UsableValues): readonly Problem[] {
  const { MONGODB_DATABASE: sms, MONGODB_STATE_DATABASE: state } = values;
  if (sms === undefined || state === undefined || sms === state) return [];
  if (sms.toLowerCase() !== state.toLowerCase()) return [];
  return [
    {
      variable: 'MONGODB_STATE_DATABASE',
      message: 'differs from MONGODB_DATABASE only in case, which MongoDB refuses',
      remedy: 'write the name of the existing database in both, or choose another name',
    },
  ];
}

/** Skips rules on values that could not be read: those are reported already. */
export function brokenRules(values: UsableValues): readonly Problem[] {
  const broken = rules.flatMap(({ lower, plus, relation, upper, because }) => {
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
  return [
    ...broken,
    ...oneDatabase(values),
    ...brokenKafkaRules(values),
    ...brokenTracingRules(values),
  ];
}
