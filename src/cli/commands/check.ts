import { Command } from 'commander';
import type { IntegerId } from '../../domain/integerId.ts';
import { checkMongo } from '../check/checkMongo.ts';
import { checkAccount, checkMysql } from '../check/checkRoute.ts';
import { failed, note, ok, type Finding } from '../check/finding.ts';
import { toError } from '../../runtime/errors.ts';
import type { Bench, CommandResult } from '../command.ts';
import type { Cli } from '../surroundings.ts';
import { list } from '../table.ts';
import { integerId } from '../values.ts';

const help = `
Walks the whole chain and names the first link that is broken, with what to do:
settings, MongoDB (replica set, collection, privileges, oplog), MySQL (query, columns);
with an account its opt-in (step 1), its default webhook (step 2), with a flow the flow's
switch (step 3), and its endpoint: not disabled, the name resolves, the address is
allowed, TLS. The endpoint is connected to, but nothing is sent; "test" sends a sample.

Examples:
  npm run cli -- check
  npm run cli -- check --account 28 --flow 200

The exit code is 1 when something is broken.`;

interface Options {
  readonly account?: IntegerId;
  readonly flow?: IntegerId;
}

export function check(cli: Cli): Command {
  const command = new Command('check')
    .description('walk the whole chain, and name the first broken link')
    .option('--account <id>', 'also what this account has set, and its endpoint', integerId)
    .option('--flow <id>', 'also what this flow of the account has set', integerId)
    .addHelpText('after', help);
  return command.action(async (options: Options) => {
    if (options.flow !== undefined && options.account === undefined) {
      command.error('error: --flow needs --account');
    }
    await runCheck(cli, options);
  });
}

async function runCheck(cli: Cli, options: Options): Promise<void> {
  const settings = cli.surroundings.settings();
  if (!settings.ok) {
    const findings = settings.problems.map((problem) => failed('settings', problem));
    await cli.runWithoutSettings(() => Promise.resolve(resultOf(findings)));
    return;
  }
  const { warnings } = settings;
  await cli.run(async (bench) => {
    const findings: Finding[] = [
      ok('settings', 'all can be used'),
      ...warnings.map((warning) => note('settings', warning)),
    ];
    for await (const finding of walk(bench, options)) {
      findings.push(finding);
      bench.progress.show(`${finding.check} …`);
    }
    return resultOf(findings);
  });
}

/** To the end of the chain, or to the first broken link. */
async function* walk(bench: Bench, { account, flow }: Options): AsyncGenerator<Finding> {
  const links = [
    { name: 'mongodb', findings: checkMongo(bench) },
    { name: 'mysql', findings: checkMysql(bench) },
    ...(account === undefined
      ? []
      : [{ name: 'endpoint', findings: checkAccount(bench, account, flow ?? null) }]),
  ];
  for (const { name, findings } of links) {
    try {
      for await (const finding of findings) {
        yield finding;
        if (finding.status === 'failed') return;
      }
    } catch (error) {
      yield failed(name, toError(error).message);
      return;
    }
  }
}

const signs = { ok: 'ok', failed: 'FAILED', note: 'note' } as const;

function resultOf(findings: readonly Finding[]): CommandResult {
  const broken = findings.find(({ status }) => status === 'failed') ?? null;
  const lines = findings.map(
    ({ check: name, status, detail }) => [`${signs[status].padEnd(6)}  ${name}`, detail] as const,
  );
  const verdict =
    broken === null ? 'Nothing is broken.' : `The first broken link is "${broken.check}".`;
  return {
    data: { ok: broken === null, broken: broken?.check ?? null, findings },
    text: `${list(lines)}\n\n${verdict}`,
    isProblem: broken !== null,
  };
}
