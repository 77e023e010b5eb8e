import { defaultSettings } from '../../harness/builtWorker.ts';
import { changeUrl, giveUp, GIVE_UP_AFTER, type Outcome } from '../deadEndpoint.ts';
import { flowPlot, flowsToText, flowTargets } from '../flow.ts';
import { letReturn, type Returned } from '../letReturn.ts';
import { target, type Target } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { standingsToText, type Stood } from '../standings.ts';
import { figure, whole } from '../text.ts';
import { workerThroughput } from './throughput.ts';

/** What becomes of what waits for an endpoint that does not answer. */
export const recovery: Scenario = {
  name: 'recovery',
  title: 'what happens to notifications that wait for an unresponsive endpoint',
  async run(lab) {
    const throughput = await workerThroughput(lab);
    const perSecond = Math.round(throughput / 2);
    const load = lab.isQuick
      ? { perSecond, seconds: 6, toPark: 1_000 }
      : { perSecond, seconds: 40, toPark: 20_000 };
    const returned = await letReturn(lab, load);
    const changed = await changeUrl(lab);
    const expired = await giveUp(lab);
    const text = [
      [
        `Measured throughput ${whole(throughput)}/s. ${whole(load.toPark)} scheduled for one of 100 endpoints, which`,
        `then returns, while the others get ${perSecond} statuses a second. Their figures, once:`,
      ].join('\n'),
      returnToText(returned),
      `A dead endpoint whose URL is changed in MySQL: ${outcomeToText(changed)} at the new one.`,
      `A breaker open for longer than GIVE_UP_AFTER, ${GIVE_UP_AFTER}: ${outcomeToText(expired)}.`,
    ].join('\n\n');
    const { with: flow, without, ratios, stood, maxInFlight } = returned;
    const bound = Number(defaultSettings()['MAX_IN_FLIGHT_PER_ENDPOINT']);
    return {
      text,
      data: { throughput, load, returned, changed, expired },
      plots: [
        flowPlot(
          { name: 'others', title: "the others' latency while an endpoint recovers" },
          { label: 'with', flow },
          [{ label: 'without', flow: without }],
        ),
      ],
      targets: [
        ...flowTargets('others / without', ratios),
        target('concurrent calls to one endpoint', maxInFlight, `≤ ${bound}`),
        standing('delivered after the return', stood, 'delivered', load.toPark),
        standing('delivered to the changed URL', changed, 'delivered', changed.waiting),
        standing('expired behind an open breaker', expired, 'failed, expired', expired.waiting),
      ],
    };
  },
};

function standing(what: string, { standings }: Stood, as: string, of: number): Target {
  return target(what, standings[as] ?? 0, whole(of));
}

function returnToText(returned: Returned): string {
  const { parked, seconds, stood, maxInFlight, repeated } = returned;
  const controls = [{ label: 'without', flow: returned.without }];
  return [
    flowsToText({ label: 'with', flow: returned.with }, controls),
    `${whole(parked)} were scheduled; ${figure(seconds)} s after the return: ${standingsToText(stood.standings)};`,
    `at most ${maxInFlight} at a time, ${repeated} repeated.`,
  ].join('\n');
}

function outcomeToText({ waiting, standings, afterSeconds, callsOfDead }: Outcome): string {
  return [
    `${whole(waiting)} waited;`,
    `after ${figure(afterSeconds)} s and ${whole(callsOfDead)} calls of the dead one: ${standingsToText(standings)}`,
  ].join('\n');
}
