import { Command } from 'commander';
import { isDelivered } from '../../domain/attempt.ts';
import type { IntegerId } from '../../domain/integerId.ts';
import { notificationId } from '../../domain/notificationId.ts';
import { buildPayload } from '../../domain/payload.ts';
import { createTimeZone } from '../../runtime/timeZone.ts';
import { Refused, type Bench, type CommandResult } from '../command.ts';
import { askAboutAccount, webhookOf } from '../findWebhook.ts';
import type { Cli } from '../surroundings.ts';
import { sampleSms } from '../sampleSms.ts';
import { list, onOneLine } from '../table.ts';
import { integerId } from '../values.ts';

const help = `
Sends one made-up SMS of the account to its default webhook: the same body, headers and
signature as a real notification, through the same checks of the address. Whether the
account has opted in does not matter. Nothing is written, and nothing tried again. The
webhook-id begins with "test", so that a receiver can tell.

Examples:
  npm run cli -- test 28
  npm run cli -- test 28 --status FAILED

It was a success when the answer's status is 2xx; else the exit code is 1.`;

export function test(cli: Cli): Command {
  return new Command('test')
    .description("call an account's default webhook once, with a sample")
    .argument('<accountId>', 'the account', integerId)
    .option('--status <status>', 'the delivery status to tell of', 'DELIVERED')
    .addHelpText('after', help)
    .action(
      async (accountId: IntegerId, { status }: { readonly status: string }) =>
        await cli.run(async (bench) => await callOnce(bench, accountId, status)),
    );
}

/** Of the response, what is shown. */
const SHOWN = 500;

async function callOnce(
  bench: Bench,
  accountId: IntegerId,
  deliveryStatus: string,
): Promise<CommandResult> {
  const row = await askAboutAccount(bench, accountId, { deliveryStatus });
  if (row === null) {
    throw new Refused(
      `The route query has no row for account ${accountId}: it has no settings, so there is no webhook to call.`,
    );
  }
  const webhook = webhookOf(bench, row);
  if (typeof webhook === 'string') throw new Refused(`Nothing was called: ${webhook}.`);
  const document = sampleSms(accountId, deliveryStatus, new Date());
  const zone = createTimeZone(bench.config.call.payloadTimeZone);
  const { _id: id } = document;
  const attempt = {
    webhook,
    body: buildPayload({ id, document, zone }),
    notificationId: notificationId(id, deliveryStatus),
    number: 1,
  };
  const outcome = await bench.sender().send(attempt, bench.stopping);
  const isAnswered = outcome.kind === 'answered';
  const response = isAnswered ? outcome.response : null;
  const data = {
    webhookId: webhook.webhookId,
    url: webhook.displayUrl,
    notificationId: attempt.notificationId,
    isSigned: webhook.signingKeys.length > 0,
    delivered: isDelivered(outcome),
    statusCode: isAnswered ? outcome.statusCode : null,
    error: outcome.error,
    location: isAnswered ? (outcome.location ?? null) : null,
    durationMs: outcome.durationMs,
    response: response?.text ?? null,
    responseEncoding: response?.encoding ?? null,
    responseTruncated: response?.truncated ?? false,
  };
  const shown = onOneLine((response?.text ?? '').slice(0, SHOWN));
  const text = list([
    ['webhook', `${webhook.webhookId}, ${webhook.displayUrl}`],
    ['webhook-id', attempt.notificationId],
    ['signed', data.isSigned ? 'yes' : 'no: the webhook has no secret'],
    ['status', data.statusCode === null ? 'no answer' : String(data.statusCode)],
    ...(data.location === null
      ? []
      : [['redirects to', `${data.location}: not followed, so that is the URL to set`] as const]),
    ...(data.error === null ? [] : [['error', data.error] as const]),
    ['time', `${data.durationMs} ms`],
    ['response', response === null ? 'none' : shown],
    ['result', data.delivered ? 'delivered' : 'not delivered'],
  ]);
  return { data, text, isProblem: !data.delivered };
}
