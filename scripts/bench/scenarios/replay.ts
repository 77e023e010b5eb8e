import { packageRoot } from '../../../config/packageRoot.ts';
import { defaultSettings } from '../../harness/builtWorker.ts';
import { runCommand } from '../../services/command.ts';
import { settingsAt } from '../benchWorker.ts';
import { nowUs } from '../clock.ts';
import { park, RETURNING_SOON } from '../deadEndpoint.ts';
import type { Lab } from '../lab.ts';
import { inTurn, writeAtOnce } from '../load.ts';
import { ENDPOINTS, endpoints } from '../measure.ts';
import { endpointPath, endpointUrls } from '../receiver.ts';
import { target } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { standWhen } from '../standings.ts';
import { perSecondOf, ratioOf } from '../statistics.ts';
import { figure, whole } from '../text.ts';
import { haveArrived, withOwnWarmUp, withWorker } from '../withWorker.ts';
import { workerThroughput } from './throughput.ts';

const LIMIT_MS = 300_000;
const ANSWER_AFTER_MS = 20;

/** How fast durable state is drained: rows added by a command, and rows parked for one endpoint. */
export const replay: Scenario = {
  name: 'replay',
  title: 'the command replay over 20 endpoints, and one endpoint that returns',
  async run(lab) {
    const throughput = await workerThroughput(lab);
    const replayed = await replayAll(withOwnWarmUp(lab), lab.isQuick ? 3_000 : 10_000);
    const drained = await drainOne(withOwnWarmUp(lab), lab.isQuick ? 4_000 : 20_000);
    const atOnce = Number(defaultSettings()['MAX_IN_FLIGHT_PER_ENDPOINT']);
    const bound = atOnce / (ANSWER_AFTER_MS / 1_000);
    return {
      text: [
        `Measured throughput ${whole(throughput)}/s.`,
        `${whole(replayed.count)} replayed: ${whole(replayed.perSecond)}/s, ${figure(replayed.seconds)} s from the start of the command to the last;`,
        `${whole(replayed.missing)} missing, ${whole(replayed.repeated)} repeated.`,
        `${whole(drained.parked)} parked for one endpoint that answers after ${ANSWER_AFTER_MS} ms: ${whole(drained.perSecond)}/s`,
        `of ${whole(bound)}/s that ${atOnce} calls at a time allow;`,
        `${whole(drained.missing)} missing, ${whole(drained.repeated)} repeated.`,
      ].join('\n'),
      data: { throughput, replayed, drained, bound },
      targets: [
        target('replayed/s / throughput', ratioOf(replayed.perSecond, throughput), '≥ 0.7 ×'),
        target('drained/s / what the calls at a time allow', drained.perSecond / bound, '≥ 0.8 ×'),
      ],
    };
  },
};

/** The command resends everything that was delivered, as fast as it can queue it. */
async function replayAll(lab: Lab, count: number) {
  const { receiver, signal } = lab;
  const all = endpoints(ENDPOINTS);
  const urls = endpointUrls(receiver, ENDPOINTS);
  const setting = { urls, warmed: all, accounts: inTurn(all, count), settings: {} };
  return await withWorker(lab, setting, async ({ place, ids }) => {
    const since = new Date();
    await writeAtOnce(place.sms, ids, signal);
    const delivered = { which: {}, count: lab.warmUp + count, as: 'delivered', limitMs: LIMIT_MS };
    await standWhen(lab, place, delivered);
    const span = ['--since', since.toISOString(), '--until', new Date().toISOString()];
    await receiver.reset();
    lab.log(`replaying ${count} notifications`);
    const startUs = nowUs();
    const args = [
      'run',
      '--silent',
      'cli',
      '--',
      'replay',
      ...span,
      '--rate',
      '999999/s',
      '--json',
    ];
    const running = runCommand('npm', args, {
      timeoutMs: LIMIT_MS,
      cwd: packageRoot(),
      env: settingsAt(place.site, {}),
    });
    const [output] = await Promise.all([running, haveArrived(lab, all, count, LIMIT_MS)]);
    const arrivedUs = [...(await receiver.arrivals()).values()];
    const { calls, notifications } = await receiver.count();
    return {
      count,
      perSecond: perSecondOf(arrivedUs),
      seconds:
        (arrivedUs.reduce((one, other) => Math.max(one, other), startUs) - startUs) / 1_000_000,
      missing: count - notifications,
      repeated: calls - notifications,
      output: JSON.parse(output) as unknown,
    };
  });
}

const RETURNING = 0;
const ALIVE = 1;

/** Everything that waits is for one endpoint, so the endpoint's limit of concurrent calls bounds the rate. */
async function drainOne(lab: Lab, toPark: number) {
  const { receiver } = lab;
  const path = endpointPath(RETURNING);
  const setting = {
    urls: endpointUrls(receiver, 2),
    warmed: [ALIVE],
    accounts: inTurn([RETURNING], toPark),
    settings: RETURNING_SOON,
  };
  return await withWorker(lab, setting, async ({ place, ids }) => {
    lab.log(`one endpoint returns with ${toPark} parked`);
    await receiver.behave({ [path]: { statusCode: 500 } });
    const { parked } = await park(lab, place, ids);
    await receiver.behave({ [path]: { delayMs: ANSWER_AFTER_MS } });
    await haveArrived(lab, [RETURNING], toPark, LIMIT_MS);
    const arrivals = await receiver.arrivals();
    const accepted = (await receiver.paths()).get(path)?.accepted ?? 0;
    return {
      parked,
      /** From the first arrival to the last. */
      perSecond: perSecondOf(arrivals.values()),
      missing: toPark - arrivals.size,
      repeated: accepted - arrivals.size,
    };
  });
}
