import type { z } from 'zod';

/** The sections of `Config` and their titles, in the order of the documentation. */
export const sections = {
  mongodb: 'MongoDB',
  mysql: 'MySQL',
  routeCache: 'Cached MySQL answers',
  notify: 'Notifications',
  call: 'Calls and retries',
  limits: 'Limits',
  egress: 'Allowed destinations',
  lease: 'Multiple workers',
  kafka: 'More than one machine: Kafka',
  console: 'Console',
  tracing: 'Traces',
  http: 'Probes and metrics',
  log: 'Log',
  shutdown: 'Shutdown',
} as const;

/** The single definition of a setting: `Config`, the loader, the documents and the startup log follow from it. */
export interface Setting {
  /** The place of its value in `Config`, with the unit in its name. */
  readonly key: `${keyof typeof sections}.${string}`;
  /** For operators: effect and, where there is one, unit. Markdown. */
  readonly description: string;
  /** Decodes the trimmed text and encodes the value. Its own description says which values are valid. */
  readonly parser: z.ZodType<unknown, string>;
  /** As an operator would write it; null for a required setting. Empty means none or an empty list. */
  readonly default: string | null;
  /** If this setting is not set, it takes the value of that one. */
  readonly sameAs?: string;
  /** Never shown. May come from a file, named by `<name>_FILE`. */
  readonly secret?: true;
  /** If set but empty, the value is an empty list and not the default. */
  readonly emptyIsValue?: true;
  /** Example for `.env.example`, if there is no default. */
  readonly sample?: string;
}

export function placeOf({ key }: Setting): Readonly<{ section: string; field: string }> {
  const [section = '', field = ''] = key.split('.');
  return { section, field };
}
