import { Command } from 'commander';
import type { IntegerId } from '../../domain/integerId.ts';
import { unrecordedIn } from '../../mongo/operator/smsPages.ts';
import { createTimeZone } from '../../runtime/timeZone.ts';
import { toBackfill } from '../again/candidate.ts';
import { pageSizeFor, runJob } from '../again/runJob.ts';
import { spanOf } from '../again/span.ts';
import type { Cli } from '../surroundings.ts';
import { integerId, rate } from '../values.ts';

const help = `
For statuses that came before the worker did, or while an account had not opted in. Looks
for SMS with a delivery status, placed by deliveryTime, else sendTime, in the span, that
were never notified, and notifies them. What the worker remembers or the document shows
as told is not told twice. Those that do not say when they got their status are counted
and left alone.

Works as "replay" does: durable state, the running worker calls, safe to interrupt. Times
are ISO 8601; without an offset they are read in PAYLOAD_TIMEZONE.

Examples:
  npm run cli -- backfill --since 2026-01-31 --dry-run
  npm run cli -- backfill --since 2026-01-31 --account 28 --rate 20/s`;

interface Options {
  readonly since: string;
  readonly until?: string;
  readonly account?: IntegerId;
  readonly rate: number;
  readonly dryRun?: true;
}

export function backfill(cli: Cli): Command {
  const command = new Command('backfill')
    .description('notify statuses that were never notified')
    .requiredOption('--since <time>', 'statuses from this time on')
    .option('--until <time>', 'and before this time; now by default')
    .option('--account <id>', 'of this account only', integerId)
    .option('--rate <n/s>', 'queue at most so many a second', rate, 100)
    .option('--dry-run', 'only count')
    .addHelpText('after', help);
  return command.action(
    async (options: Options) =>
      await cli.run(async (bench) => {
        const { config, mongo } = bench;
        const zone = createTimeZone(config.call.payloadTimeZone);
        const span = { ...spanOf(command, options, zone), pageSize: pageSizeFor(options.rate) };
        const until = options.until === undefined ? {} : { until: span.until.toISOString() };
        const reading = { zone, deliveryStatuses: new Set(config.notify.deliveryStatuses) };
        return await runJob(bench, {
          order: { kind: 'backfill', arguments: { ...span.arguments, ...until } },
          pages: unrecordedIn(mongo().sms, span),
          toCandidate: (found) => toBackfill(found, span, reading),
          perSecond: options.rate,
          isDryRun: options.dryRun === true,
        });
      }),
  );
}
