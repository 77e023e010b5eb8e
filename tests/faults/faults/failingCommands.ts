import { codes } from '../../../src/mongo/errors.ts';
import { failCommands, type CommandFault } from '../../support/mongoFaults.ts';
import type { Fault } from '../fault.ts';
import { play } from '../play.ts';
import type { Random } from '../random.ts';

const streamCommands = ['aggregate', 'getMore'];
const otherCommands = ['find', 'update', 'insert', 'delete', 'findAndModify', 'ping'];
const writes = ['update', 'insert', 'delete', 'findAndModify'];

/** Elections, shutdowns, lost connections, kills, overload. */
const passing = [6, 7, 24, 43, 50, 89, 91, 112, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436];
const rightsMissing = [codes.unauthorized, codes.authenticationFailed];
/** The stream has to begin again by time. A lost history is in `failingStream`. */
const tokenUnusable = [
  codes.failedToParse,
  codes.invalidResumeToken,
  codes.changeStreamFatalError,
  codes.badResumeToken,
  codes.emptyResumeToken,
];

interface Strike {
  readonly commands: readonly string[];
  readonly fault: CommandFault;
}

function chooseStrike(random: Random): Strike {
  const some = random.pick([streamCommands, otherCommands, [...streamCommands, ...otherCommands]]);
  const commands = random.next() < 0.5 ? some : [random.pick(some)];
  return random.pick<() => Strike>([
    () => ({ commands, fault: { errorCode: random.pick(passing) } }),
    () => ({ commands, fault: { closeConnection: true } }),
    () => ({
      commands: [random.pick(streamCommands)],
      fault: { errorCode: random.pick(tokenUnusable) },
    }),
    () => ({
      commands: writes,
      fault: { writeConcernError: { code: random.pick([64, 91, 11602]), errmsg: 'not majority' } },
    }),
    () => ({ commands: otherCommands, fault: { errorCode: random.pick(rightsMissing) } }),
  ])();
}

export const failingCommands: Fault = {
  name: 'failing-commands',
  description:
    "the worker's commands fail, one kind or all, with many codes, or lose their connection",
  async run(context) {
    const { isLong, log, random } = context;
    const rounds = isLong ? 80 : 6;
    return await play(context, { name: this.name }, async (scene) => {
      for (let round = 1; round <= rounds; round += 1) {
        const { commands, fault } = chooseStrike(random);
        const struck = { appName: 'notify-on-delivery', commands };
        await using failing = await failCommands(scene.client, struck, fault);
        await scene.work(300, 2_500);
        const count = await failing.lift();
        log(`${commands.join(', ')} failed ${count} times with ${JSON.stringify(fault)}`);
        await scene.work(500, 1_500);
      }
    });
  },
};
