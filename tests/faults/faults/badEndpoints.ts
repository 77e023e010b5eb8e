import { openCentralDatabase } from '../../../scripts/harness/centralDatabase.ts';
import { redirectTo, type Answer } from '../../support/answer.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcpProxy.ts';
import type { Fault } from '../fault.ts';
import { pathOf } from '../load.ts';
import { play, type Scene } from '../play.ts';
import type { Random } from '../random.ts';

/** By account; the others are healthy. */
const badly: Readonly<Record<number, (random: Random) => Answer>> = {
  1: () => ({ fault: 'reset' }),
  2: () => ({ fault: 'hangAtHeaders' }),
  3: () => ({ status: 500, body: 'half', fault: 'hangMidBody' }),
  4: () => ({ status: 429, headers: { 'retry-after': '2' } }),
  5: () => redirectTo('/elsewhere', 301),
  6: (random) => random.pick<Answer>([{}, { status: 500 }, { fault: 'reset' }, { status: 503 }]),
  7: () => ({ status: 410 }),
};
/** Its notifications end without a delivery. */
const gone = 7;
/** Nothing listens at its address at bad times. */
const refusing = 8;

export const badEndpoints: Fault = {
  name: 'bad-endpoints',
  description:
    'endpoints that refuse, reset, hang, answer 500, 429, 301 and 410, or flap, beside a healthy one',
  async run(context) {
    const { isLong, log, random } = context;
    const rounds = isLong ? 12 : 1;
    const options = {
      name: this.name,
      mayRefuse: [gone],
      perSecond: 25,
      settings: {
        ROUTE_CACHE_TTL: '1s',
        // Longer than a busy machine takes for an answer that is there: a call cut off is one repeated.
        REQUEST_TIMEOUT: '3s',
        CONNECT_TIMEOUT: '1s',
        MAX_IN_FLIGHT: '64',
        MAX_IN_FLIGHT_PER_ENDPOINT: '8',
      },
    };
    return await play(context, options, async (scene) => {
      let isBad = false;
      for (const [account, answer] of Object.entries(badly)) {
        const isGone = Number(account) === gone;
        scene.receiver.answer(pathOf(Number(account)), () =>
          isBad || isGone ? answer(random) : { delayMs: random.between(2, 60) },
        );
      }
      const proxy = await moveBehindProxy(refusing, scene);
      try {
        for (let round = 1; round <= rounds; round += 1) {
          log(`bad ${round} of ${rounds}`);
          isBad = true;
          await proxy.refuse();
          await scene.work(6_000, 15_000);
          isBad = false;
          await proxy.resume();
          log('healed');
          await scene.work(3_000, 5_000);
        }
        await scene.load.stop();
        // Before its address is taken away for good.
        await scene.untilNotified((account) => account === refusing);
      } finally {
        await proxy.close();
      }
    });
  },
};

async function moveBehindProxy(account: number, { mysql, receiver }: Scene): Promise<TcpProxy> {
  const url = new URL(receiver.url(pathOf(account)));
  const proxy = await startTcpProxy(Number(url.port));
  url.port = String(proxy.port);
  const central = await openCentralDatabase(mysql.uri);
  try {
    await central.setDefaultWebhook(account, { url: url.href });
  } finally {
    await central.close();
  }
  return proxy;
}
