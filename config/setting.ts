import type { z } from 'zod';

/** The sections of the configuration, in the order of its documentation. Keys are those of `Config`. */
export const sections = {
  mongodb: 'MongoDB',
  mysql: 'MySQL',
  routeCache: 'Remembered answers of MySQL',
  notify: 'What is notified',
  call: 'The call',
  limits: 'Limits',
  egress: 'Which servers are called',
  lease: 'More than one worker',
  http: 'Probes and metrics',
  log: 'Log',
  shutdown: 'Shutdown',
} as const;

export interface Setting {
  readonly section: keyof typeof sections;
  /** For operators: what it does and, where it has one, its unit. Markdown. */
  readonly description: string;
  /** Reads the trimmed text. Its own description says what to write. */
  readonly parser: z.ZodType<unknown, string>;
  /** As an operator would write it; null when there is none. Empty stands for none or an empty list. */
  readonly default: string | null;
  /** The setting whose value this one takes when it is not set. */
  readonly sameAs?: string;
  /** Never shown, and may come from the file that `<name>_FILE` names. */
  readonly secret?: true;
  /** Set but empty is a value of its own (an empty list), not the default. */
  readonly emptyIsValue?: true;
  /** For `.env.example`, where there is no default to show. */
  readonly sample?: string;
}
