import { Command } from 'commander';
import type { IntegerId } from '../../domain/ids.ts';
import { callWithSample, type TestCall } from '../../support/testCall.ts';
import { integerId } from '../arguments.ts';
import type { CommandRunner } from '../environment.ts';

const help = `
Sends a sample SMS of the account to its default webhook, with the same body, headers,
signature and address checks as a real notification, whether or not the account has opted
in. The call is not recorded and not retried. The webhook-id starts with "test", so that
a receiver can recognise it.

Examples:
  npm run cli -- test 28
  npm run cli -- test 28 --status FAILED

The exit code is 1 unless the answer is a 2xx.`;

export function test(cli: CommandRunner): Command {
  return new Command('test')
    .description("call an account's default webhook once with a sample")
    .argument('<accountId>', 'the account', integerId)
    .option('--status <status>', 'the delivery status to send', 'DELIVERED')
    .addHelpText('after', help)
    .action(
      async (accountId: IntegerId, { status }: { readonly status: string }) =>
        await cli.run(async (session) => {
          const data = await callWithSample(session, accountId, status);
          const lines = linesOf(data);
          return { data, text: (page) => page.list(lines), isProblem: !data.delivered };
        }),
    );
}

/** Of the response, what is shown. */
const SHOWN = 500;

function linesOf(call: TestCall): readonly (readonly [name: string, value: string])[] {
  const { statusCode, location, error, response, responseEncoding } = call;
  return [
    ['webhook', `${call.webhookId}, ${call.url}`],
    ['webhook-id', call.notificationId],
    ['signed', call.isSigned ? 'yes' : 'no: the webhook has no secret'],
    ['status', statusCode === null ? 'no answer' : String(statusCode)],
    ...(location === null
      ? []
      : [['redirects to', `${location}: not followed, so set that URL`] as const]),
    ...(error === null ? [] : [['error', error] as const]),
    ['time', `${call.durationMs} ms`],
    ['response', responseEncoding === null ? 'none' : (response ?? '').slice(0, SHOWN)],
    ['result', call.delivered ? 'delivered' : 'not delivered'],
  ];
}
