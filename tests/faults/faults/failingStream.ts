import { codes } from '../../../src/mongo/errors.ts';
import { failCommands, type CommandFault } from '../../support/mongoFaults.ts';
import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { play, type Scene } from '../play.ts';

const streamCommands = ['aggregate', 'getMore'];

/** After these the stream is begun anew by time, or where it was. */
const passing: readonly number[] = [
  codes.failedToParse,
  189, // PrimarySteppedDown
  codes.invalidResumeToken,
  codes.changeStreamFatalError,
  codes.badResumeToken,
  codes.emptyResumeToken,
  codes.bsonObjectTooLarge,
  codes.stringTooLong,
];
/** These leave a gap, in which each SMS' present status has to be found. */
const losing: readonly number[] = [codes.cappedPositionLost, codes.changeStreamHistoryLost];
/** Waits of half a minute and more: nobody fixes this at once. */
const denying: readonly number[] = [codes.unauthorized, codes.authenticationFailed];

export const failingStream: Fault = {
  name: 'failing-stream',
  description:
    'the change stream ends with every code that has a meaning of its own, or its connection',
  async run(context) {
    const { isLong, log } = context;
    const all = [...passing, ...losing, ...(isLong ? denying : [])];
    const strikes: readonly CommandFault[] = [
      ...all.map((errorCode) => ({ errorCode })),
      { closeConnection: true },
    ];
    return await play(context, { name: this.name, singly: true }, async (scene) => {
      for (let round = 1; round <= (isLong ? 4 : 1); round += 1) {
        for (const fault of strikes) {
          const struck = await strike(fault, scene);
          log(`${struck} failed with ${JSON.stringify(fault)}`);
        }
      }
      const gaps = scene.db.collection('notify_on_delivery_gaps');
      await until('all gaps are searched', async () => (await gaps.countDocuments()) === 0, {
        // A search waits for the stream, which has much to catch up on.
        timeoutMs: isLong ? 240_000 : 120_000,
        intervalMs: 200,
      });
    });
  },
};

/** Until it has struck at all; how often that was. */
async function strike(fault: CommandFault, { client, work }: Scene): Promise<number> {
  for (let tries = 1; tries <= 20; tries += 1) {
    const struck = { appName: 'notify-on-delivery', commands: streamCommands };
    await using failing = await failCommands(client, struck, fault);
    await work(300, 1_200);
    const count = await failing.lift();
    await work(200, 800);
    if (count > 0) return count;
  }
  throw new Error(`no command was struck by ${JSON.stringify(fault)}`);
}
