import { Command } from 'commander';
import { findSms } from '../../mongo/operator/smsFacts.ts';
import { Refused, type Bench, type CommandResult } from '../command.ts';
import { gatherFacts } from '../explain/gatherFacts.ts';
import { explanationOf } from '../explain/explanation.ts';
import { factsText } from '../explain/factsText.ts';
import type { Cli } from '../surroundings.ts';

const help = `
Tells the story of one SMS: what the document says, how the three settings stand now,
what was called and what was answered, what waits, and what follows from it. The id is
the document's _id; an ObjectId, UUID or number is written as its text.

Example:
  npm run cli -- explain 290a4138-5729-475f-95e1-9ff30f851d67

The exit code is 1 when there is no such SMS.`;

export function explain(cli: Cli): Command {
  return new Command('explain')
    .description('what happened, or would happen, to one SMS, and why')
    .argument('<smsId>', "the document's _id")
    .addHelpText('after', help)
    .action(
      async (smsId: string) => await cli.run(async (bench) => await explainSms(bench, smsId)),
    );
}

async function explainSms(bench: Bench, smsId: string): Promise<CommandResult> {
  const { sms } = await bench.mongo();
  const { uuidRepresentation } = bench.config.mongodb;
  const document = await findSms(sms, smsId, uuidRepresentation);
  if (document === null) {
    throw new Refused(`There is no SMS with the _id ${JSON.stringify(smsId)} in ${sms.namespace}.`);
  }
  const facts = await gatherFacts(bench, document);
  const explanation = explanationOf(facts);
  const data = { smsId, explanation, ...facts };
  return { data, text: factsText(facts, explanation) };
}
