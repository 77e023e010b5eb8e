/** `npm run demo`: the whole thing at work, on servers of its own, checking what it shows. */
import { parseArgs } from 'node:util';
import type { DemoOptions } from './demo/runDemo.ts';
import { misused, runScript, type ParsedArgs } from './harness/script.ts';

const helpText = `Usage: npm run demo [-- options]

Starts MongoDB, MariaDB, a webhook receiver and the worker, plays the platform's
part in eight scenes, and checks everything it shows. Takes about 15 seconds.

  --kafka   four other scenes: three workers share a Kafka topic, one is killed,
            one joins. Needs Java 17 and Maven, takes about a minute
  --keep    leave everything running afterwards, to try things by hand
  --json    print one JSON value instead of the story
  --help    print this

Exit code: 0 all checks passed, 1 one did not, 2 wrong options.

MONGODB_URI and MYSQL_URI, where set, name servers to use instead of own ones.
The database on each (MONGODB_DATABASE, default central; the path of MYSQL_URI)
must be empty, and is empty again afterwards.`;

const flag = { type: 'boolean', default: false } as const;

function parse(args: readonly string[]): ParsedArgs<DemoOptions> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { json: flag, kafka: flag, keep: flag, help: flag },
    });
    const { json, kafka, keep, help } = values;
    if (help) return { kind: 'help' };
    if (json && keep) return misused('--json and --keep exclude each other.');
    if (kafka && keep) {
      return misused(
        '--kafka and --keep exclude each other; npm run services -- --kafka leaves Kafka running.',
      );
    }
    return { kind: 'run', options: { json, kafka, keep } };
  } catch (error) {
    return misused((error as Error).message);
  }
}

await runScript({
  name: 'demo',
  helpText,
  parse,
  async run(options, interrupted) {
    const { runDemo } = await import('./demo/runDemo.ts');
    return await runDemo(options, interrupted);
  },
});
