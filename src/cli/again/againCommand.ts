import type { Command } from 'commander';
import type { Config } from '../../../config/config.ts';
import type { IntegerId } from '../../domain/integerId.ts';
import type { TimeZone } from '../../domain/timeZone.ts';
import { createTimeZone } from '../../runtime/timeZone.ts';
import type { Bench } from '../command.ts';
import type { Cli } from '../surroundings.ts';
import { integerId, rate } from '../values.ts';
import { pageSizeFor, runJob, type AgainJob } from './runJob.ts';
import { spanOf } from './span.ts';

interface AgainOptions {
  readonly since: string;
  readonly until?: string;
  readonly account?: IntegerId;
  readonly rate: number;
  readonly dryRun?: true;
}

/** What a command line has said. */
interface Asked<Options> {
  readonly options: AgainOptions & Options;
  readonly span: ReturnType<typeof spanOf> &
    Readonly<{ pageSize: number; uuidRepresentation: Config['mongodb']['uuidRepresentation'] }>;
  readonly zone: TimeZone;
}

/** Gives a command the options, and the work, of all that have notifications told again. */
export function againCommand<Options>(
  command: Command,
  cli: Cli,
  jobFor: (
    bench: Bench,
    asked: Asked<Options>,
  ) => Promise<Pick<AgainJob, 'order' | 'pages' | 'toCandidate'>>,
): Command {
  return command
    .option('--account <id>', 'of this account only', integerId)
    .option('--rate <n/s>', 'queue at most so many a second', rate, 100)
    .option('--dry-run', 'only count')
    .action(
      async (options: AgainOptions & Options) =>
        await cli.run(async (bench) => {
          const zone = createTimeZone(bench.config.call.payloadTimeZone);
          const pageSize = pageSizeFor(options.rate);
          const { uuidRepresentation } = bench.config.mongodb;
          const span = { ...spanOf(command, options, zone), pageSize, uuidRepresentation };
          const perSecond = options.rate;
          const isDryRun = options.dryRun === true;
          const job = await jobFor(bench, { options, span, zone });
          return await runJob(bench, { ...job, perSecond, isDryRun });
        }),
    );
}
