import { Command } from 'commander';
import type { IntegerId } from '../../domain/integerId.ts';
import { recordedIn } from '../../mongo/operator/smsPages.ts';
import { createTimeZone } from '../../runtime/timeZone.ts';
import { toReplay } from '../again/candidate.ts';
import { pageSizeFor, runJob } from '../again/runJob.ts';
import { spanOf } from '../again/span.ts';
import type { Cli } from '../surroundings.ts';
import { allEndedStates, integerId, rate, states, type EndedState } from '../values.ts';

const help = `
For when a customer's server lost what it was sent. Looks for SMS whose record has a
statusAt in the span, and notifies the newest status of each once more: with the same
webhook-id, attempts from 1, the body from the document as it is now. A receiver that
remembers webhook-ids takes it for a repetition. What still waits for a retry is left
alone and counted.

The notifications are put into durable state, and the running worker calls, as its
settings allow. It is safe to interrupt (Ctrl-C): the same arguments go on where it
stopped. After it has finished, they begin anew. Times are ISO 8601; without an offset
they are read in PAYLOAD_TIMEZONE.

Examples:
  npm run cli -- replay --since 2026-01-31T10:00 --until 2026-01-31T12:00 --dry-run
  npm run cli -- replay --since 2026-01-31T10:00 --until 2026-01-31T12:00 \\
    --account 28 --state failed --rate 20/s`;

interface Options {
  readonly since: string;
  readonly until: string;
  readonly account?: IntegerId;
  readonly state: readonly EndedState[];
  readonly rate: number;
  readonly dryRun?: true;
}

export function replay(cli: Cli): Command {
  const command = new Command('replay')
    .description('notify again what has been notified')
    .requiredOption('--since <time>', 'statuses from this time on')
    .requiredOption('--until <time>', 'and before this time')
    .option('--account <id>', 'of this account only', integerId)
    .option(
      '--state <states>',
      'only what ended so: delivered, failed, skipped',
      states,
      allEndedStates,
    )
    .option('--rate <n/s>', 'queue at most so many a second', rate, 100)
    .option('--dry-run', 'only count')
    .addHelpText('after', help);
  return command.action(
    async (options: Options) =>
      await cli.run(async (bench) => {
        const { config, mongo } = bench;
        const zone = createTimeZone(config.call.payloadTimeZone);
        const span = { ...spanOf(command, options, zone), pageSize: pageSizeFor(options.rate) };
        const wanted = [...new Set(options.state)].toSorted();
        const reading = { zone, deliveryStatuses: new Set<string>() };
        return await runJob(bench, {
          order: {
            kind: 'replay',
            arguments: {
              ...span.arguments,
              until: span.until.toISOString(),
              state: wanted.join(','),
            },
          },
          // What waits is counted.
          pages: recordedIn(mongo().sms, { ...span, states: [...wanted, 'retrying'] }),
          toCandidate: (found, run) => toReplay(found, span, { ...reading, run }),
          perSecond: options.rate,
          isDryRun: options.dryRun === true,
        });
      }),
  );
}
