import { parseArgs } from 'node:util';
import { misused, type ParsedArgs } from '../harness/parsedArgs.ts';

export interface DemoOptions {
  /** One JSON value on stdout instead of the story. */
  readonly json: boolean;
  /** Leaves everything running afterwards, until Ctrl-C. */
  readonly keep: boolean;
}

export const helpText = `Usage: npm run demo [-- options]

Starts MongoDB, MariaDB, a webhook receiver and the worker, plays the platform's
part in eight scenes, and checks everything it shows. Takes about 15 seconds.

  --keep    leave everything running afterwards, to try things by hand
  --json    print one JSON value instead of the story
  --help    print this

Exit code: 0 all checks passed, 1 one did not, 2 wrong options.

MONGODB_URI and MYSQL_URI, where set, name servers to use instead of own ones.
The database on each (MONGODB_DATABASE, default central; the path of MYSQL_URI)
must be empty, and is empty again afterwards.`;

const known = { json: 'boolean', keep: 'boolean', help: 'boolean' } as const;

export function parseDemoArgs(args: readonly string[]): ParsedArgs<DemoOptions> {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(Object.entries(known).map(([name, type]) => [name, { type }])),
    strict: false,
    tokens: true,
  });
  const given = new Set<string>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') return misused(`"${token.value}" is not expected here.`);
    if (!Object.hasOwn(known, token.name)) return misused(`There is no option ${token.rawName}.`);
    if (token.value !== undefined) return misused(`${token.rawName} takes no value.`);
    given.add(token.name);
  }
  if (given.has('help')) return { kind: 'help' };
  const options = { json: given.has('json'), keep: given.has('keep') };
  return options.json && options.keep
    ? misused('--json and --keep exclude each other.')
    : { kind: 'run', options };
}
