import { Command } from 'commander';
import type { IntegerId } from '../../domain/ids.ts';
import { createTimeZone } from '../../runtime/timeZone.ts';
import {
  backfillSpan,
  jobSentence,
  replaySpan,
  type JobResult,
  type SpanOptions,
} from '../../support/replayJob.ts';
import { replayOne, type ReplayOfOne } from '../../support/replayOne.ts';
import type { Session } from '../../support/session.ts';
import { count } from '../../support/words.ts';
import { allEndedStates, integerId, rate, spanOf, states, type EndedState } from '../arguments.ts';
import type { CommandRunner } from '../environment.ts';
import { bar, type Progress } from '../output/page.ts';

const replayHelp = `
Use this if a customer's server has lost notifications. With an smsId, it resends the
notification for the newest status of that SMS that had one, or for the status named by
--status. The command is refused if that notification is already waiting or can't be sent;
"explain" shows the reason.

With --since and --until, it finds SMS whose record has a statusAt in that span, and
resends the notification for the newest status of each: with the same webhook-id, attempts
starting at 1, and the body from the document as it is now. A receiver that remembers
webhook-ids treats it as a repeat. Notifications that are waiting for a retry are counted
but not changed.

The notifications are queued in durable state, and the running worker sends them as its
settings allow. It is safe to interrupt the command (Ctrl-C): with the same arguments it
resumes where it stopped. Once it has finished, the same arguments start over. Times are
ISO 8601; without an offset they are in PAYLOAD_TIMEZONE.

Examples:
  npm run cli -- replay 290a4138-5729-475f-95e1-9ff30f851d67
  npm run cli -- replay 290a4138-5729-475f-95e1-9ff30f851d67 --status SENT
  npm run cli -- replay --since 2026-01-31T10:00 --until 2026-01-31T12:00 --dry-run
  npm run cli -- replay --since 2026-01-31T10:00 --until 2026-01-31T12:00 \\
    --account 28 --state failed --rate 20/s`;

interface SpanArguments {
  readonly since: string;
  readonly until?: string;
  readonly account?: IntegerId;
  readonly rate: number;
  readonly dryRun?: true;
}

/** What only a span has a use for. */
const ofSpan = ['since', 'until', 'account', 'state', 'rate'];

export function replay(cli: CommandRunner): Command {
  const command = new Command('replay')
    .description('send notifications again')
    .argument('[smsId]', "the document's _id, for one notification")
    .option('--status <status>', 'with an smsId: this delivery status')
    .option('--since <time>', 'statuses since this time')
    .option('--until <time>', 'statuses before this time')
    .option(
      '--state <states>',
      'only these states: delivered, failed, skipped',
      states,
      allEndedStates,
    )
    .addHelpText('after', replayHelp);
  type Options = ReplayOfOne & { readonly state: readonly EndedState[] };
  return withSpanOptions(command).action(async (smsId: string | undefined, options: Options) => {
    if (smsId !== undefined) {
      refuseGiven(command, ofSpan, "can't be used with an smsId");
      await cli.run(async (session) => {
        const { data, sentence } = await replayOne(session, smsId, options);
        return { data, text: sentence };
      });
      return;
    }
    refuseGiven(command, ['status'], 'requires an smsId');
    for (const name of ['since', 'until']) {
      if (command.getOptionValue(name) !== undefined) continue;
      command.error(`error: specify an smsId, or the required option '--${name} <time>'`);
    }
    const { state } = options;
    await runOverSpan(
      command,
      cli,
      async (session, job) => await replaySpan(session, { ...job, states: state }),
    );
  });
}

function refuseGiven(command: Command, options: readonly string[], why: string): void {
  const given = options.find((name) => command.getOptionValueSource(name) === 'cli');
  if (given !== undefined) command.error(`error: option '--${given}' ${why}`);
}

const backfillHelp = `
Use this for statuses from before the worker's first start, or from before an account
opted in. Finds SMS in the span (by deliveryTime, else sendTime) whose delivery status
never had a notification, and sends one. Statuses that already had one according to the
ledger or the document are left out. SMS without either time are counted and skipped.
The command first looks up each route in MySQL, like the worker. Statuses that would not
lead to a call (not opted in, no default webhook, flow not enabled, an invalid or disabled
webhook) are counted by reason and not queued.

Like "replay", it queues the notifications in durable state for the running worker, and is
safe to interrupt. Times are ISO 8601; without an offset they are in PAYLOAD_TIMEZONE.

Examples:
  npm run cli -- backfill --since 2026-01-31 --dry-run
  npm run cli -- backfill --since 2026-01-31 --account 28 --rate 20/s`;

export function backfill(cli: CommandRunner): Command {
  const command = new Command('backfill')
    .description('send notifications for statuses that never had one')
    .requiredOption('--since <time>', 'statuses since this time')
    .option('--until <time>', 'statuses before this time (default: now)')
    .addHelpText('after', backfillHelp);
  return withSpanOptions(command).action(async ({ until }: SpanArguments) => {
    const isOpenEnded = until === undefined;
    await runOverSpan(
      command,
      cli,
      async (session, job) => await backfillSpan(session, { ...job, isOpenEnded }),
    );
  });
}

function withSpanOptions(command: Command): Command {
  return command
    .option('--account <id>', 'only this account', integerId)
    .option('--rate <n/s>', 'queue at most this many per second', rate, 100)
    .option('--dry-run', 'only count');
}

async function runOverSpan(
  command: Command,
  cli: CommandRunner,
  work: (session: Session, job: SpanOptions) => Promise<JobResult>,
): Promise<void> {
  const options = command.opts<SpanArguments>();
  await cli.run(async (session, progress) => {
    const zone = createTimeZone(session.config.call.payloadTimeZone);
    const isDryRun = options.dryRun === true;
    const result = await work(session, {
      span: spanOf(command, options, zone),
      perSecond: options.rate,
      isDryRun,
      onProgress: shownOn(progress, isDryRun),
    });
    return { data: result, text: jobSentence(result), isProblem: !result.finished };
  });
}

function shownOn(progress: Progress, isDryRun: boolean): SpanOptions['onProgress'] {
  if (!progress.isShown) return null;
  return ({ examined, total, queued }) => {
    const line = bar(examined, total);
    progress.show(isDryRun ? line : `${line}, ${count(queued)} queued`);
  };
}
