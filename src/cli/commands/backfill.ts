import { Command } from 'commander';
import { unrecordedIn } from '../../mongo/operator/smsPages.ts';
import { againCommand } from '../again/againCommand.ts';
import { toBackfill } from '../again/candidate.ts';
import type { Cli } from '../surroundings.ts';

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

export function backfill(cli: Cli): Command {
  const command = new Command('backfill')
    .description('notify statuses that were never notified')
    .requiredOption('--since <time>', 'statuses from this time on')
    .option('--until <time>', 'and before this time; now by default')
    .addHelpText('after', help);
  return againCommand(command, cli, async ({ config, mongo }, { options, span, zone }) => {
    const until = options.until === undefined ? {} : { until: span.until.toISOString() };
    const deliveryStatuses = new Set(config.notify.deliveryStatuses);
    return {
      order: { kind: 'backfill', arguments: { ...span.arguments, ...until } },
      pages: unrecordedIn((await mongo()).sms, span),
      toCandidate: (found) => toBackfill(found, span, { zone, deliveryStatuses }),
    };
  });
}
