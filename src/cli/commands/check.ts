import { Command } from 'commander';
import type { IntegerId } from '../../domain/ids.ts';
import { walkChain } from '../../support/chainCheck.ts';
import { failed, note, ok, type Finding } from '../../support/finding.ts';
import { utcTimes, type Times } from '../../support/words.ts';
import { integerId } from '../arguments.ts';
import type { CommandResult, CommandRunner } from '../environment.ts';

const help = `
Checks the whole chain, names the first broken link and suggests a remedy:
settings, MongoDB (replica set, collection, privileges, oplog), MySQL (query, columns),
and which endpoints are not called because they are disabled or their breaker is open.
With --account, it checks the account's opt-in (step 1), its default webhook (step 2) and,
with --flow, the flow's switch (step 3). Of the endpoints, it then checks only the
account's own: not disabled, name resolves, address allowed, TLS works, breaker closed.
It connects to the endpoint and listens for a moment, but sends nothing. "test" sends a
sample, and also finds problems that only an answer reveals.

Examples:
  npm run cli -- check
  npm run cli -- check --account 28 --flow 200

The exit code is 1 if something is broken.`;

interface Options {
  readonly account?: IntegerId;
  readonly flow?: IntegerId;
}

export function check(cli: CommandRunner): Command {
  const command = new Command('check')
    .description('check the whole chain and name the first broken link')
    .option('--account <id>', "also check this account's settings and endpoint", integerId)
    .option('--flow <id>', 'also check this flow of the account', integerId)
    .addHelpText('after', help);
  return command.action(async (options: Options) => {
    if (options.flow !== undefined && options.account === undefined) {
      command.error('error: --flow requires --account');
    }
    await runCheck(cli, options);
  });
}

async function runCheck(cli: CommandRunner, options: Options): Promise<void> {
  const settings = cli.environment.settings();
  if (!settings.ok) {
    const findings = settings.problems.map((problem) => failed('settings', problem));
    await cli.runWithoutSettings(() => Promise.resolve(resultOf(findings)));
    return;
  }
  const { warnings } = settings;
  await cli.run(async (session, progress) => {
    const findings: Finding[] = [
      ok('settings', 'all are valid'),
      ...warnings.map((warning) => note('settings', warning)),
    ];
    for await (const finding of walkChain(session, options)) {
      findings.push(finding);
      progress.show(`${finding.check} …`);
    }
    return resultOf(findings);
  });
}

const signs = { ok: 'ok', failed: 'FAILED', note: 'note' } as const;

function resultOf(findings: readonly Finding[]): CommandResult {
  const broken = findings.find(({ status }) => status === 'failed') ?? null;
  const worded = (times: Times) =>
    findings.map(({ detail, ...each }) => {
      return { ...each, detail: typeof detail === 'string' ? detail : detail(times) };
    });
  const lines = (times: Times) =>
    worded(times).map(
      ({ check: name, status, detail }) => [`${signs[status].padEnd(6)}  ${name}`, detail] as const,
    );
  const verdict =
    broken === null ? 'No problems found.' : `The first broken link is "${broken.check}".`;
  return {
    data: { ok: broken === null, broken: broken?.check ?? null, findings: worded(utcTimes) },
    text: (page) => `${page.list(lines(page))}\n\n${verdict}`,
    isProblem: broken !== null,
  };
}
