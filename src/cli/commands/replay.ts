import { Command } from 'commander';
import { recordedIn } from '../../mongo/operator/smsPages.ts';
import { againCommand } from '../again/againCommand.ts';
import { toReplay } from '../again/candidate.ts';
import type { Cli } from '../surroundings.ts';
import { allEndedStates, states, type EndedState } from '../values.ts';

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
  readonly state: readonly EndedState[];
}

export function replay(cli: Cli): Command {
  const command = new Command('replay')
    .description('notify again what has been notified')
    .requiredOption('--since <time>', 'statuses from this time on')
    .requiredOption('--until <time>', 'and before this time')
    .option(
      '--state <states>',
      'only what ended so: delivered, failed, skipped',
      states,
      allEndedStates,
    )
    .addHelpText('after', help);
  return againCommand<Options>(command, cli, async ({ mongo }, { options, span, zone }) => {
    const wanted = [...new Set(options.state)].toSorted();
    const until = span.until.toISOString();
    return {
      order: {
        kind: 'replay',
        arguments: { ...span.arguments, until, state: wanted.join(',') },
      },
      // What waits is counted.
      pages: recordedIn((await mongo()).sms, { ...span, states: [...wanted, 'retrying'] }),
      toCandidate: (found, run) => toReplay(found, span, { zone, run }),
    };
  });
}
