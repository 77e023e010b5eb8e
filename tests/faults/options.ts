import { parseArgs } from 'node:util';

export interface FaultsOptions {
  /** Those of workers that take statuses from Kafka, in place of the others. */
  readonly isKafka: boolean;
  readonly isLong: boolean;
  /** Names of the only faults to run; empty for all. */
  readonly only: readonly string[];
  readonly seed: number;
  /** Faults that run at the same time. */
  readonly jobs: number;
}

export const helpText = `Usage: npm run test:faults -- [--kafka] [--long] [--only NAME]… [--seed N] [--jobs N]

Harms the worker and its servers while statuses arrive, and checks that none is lost and none told twice.

  --kafka      the faults of a consumer group, which need Java: about 10 minutes
  --long       many more rounds: about 25 minutes
  --only NAME  this fault alone; may be given more than once
  --seed N     the same random choices as in the run that printed this seed
  --jobs N     faults at the same time, 3 by default and 1 with --kafka; each has servers of its own

HTTP_THREADS in the environment is passed on to the workers.`;

/** Throws with a sentence for the user. */
export function parseFaultsArgs(args: readonly string[]): FaultsOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kafka: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string' },
      jobs: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const seed =
    values.seed === undefined ? Date.now() % 1_000_000 : wholeNumber('seed', values.seed);
  return {
    isKafka: values.kafka,
    isLong: values.long,
    only: values.only,
    seed,
    jobs: Math.max(1, wholeNumber('jobs', values.jobs ?? (values.kafka ? '1' : '3'))),
  };
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} must be a whole number, not ${text}`);
  return Number(text);
}
