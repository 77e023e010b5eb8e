import type { Call } from '../callLog.ts';
import type { Fault } from '../fault.ts';
import { pathOf } from '../load.ts';
import { play, type Scene } from '../play.ts';

/** Takes its time, and asks every other time to be left alone for so long: its breaker is to stay closed. */
const patient = 1;
const ASKED_SECONDS = 15;
/** Takes its time and delivers. */
const slow = 2;

/** The lease outlasts what the claims do not: `REQUEST_TIMEOUT`, a quick wait, look-ups and writes. */
const settings = {
  LEASE_TTL: '120s',
  REQUEST_TIMEOUT: '5s',
  MYSQL_TIMEOUT: '1s',
  MAX_IN_FLIGHT: '64',
} as const;
const FROZEN_MS = { short: 16_000, long: 50_000 } as const;

export const claimsRunOut: Fault = {
  name: 'claims-run-out',
  description: 'claims moved back under way, and mongod frozen for longer than they hold',
  async run(context) {
    const { isLong, log, random } = context;
    return await play(context, { name: this.name, settings }, async (scene) => {
      const { receiver } = scene;
      const delayMs = (): number => random.between(1_500, 3_000);
      receiver.answer(pathOf(slow), () => ({ delayMs: delayMs() }));
      receiver.answer(pathOf(patient), ({ attempt }) => {
        if (attempt > 1 || random.next() < 0.5) return { delayMs: delayMs() };
        const headers = { 'retry-after': String(ASKED_SECONDS) };
        return { status: 503, headers, delayMs: delayMs() };
      });
      const mongod = await scene.replicaSet.primary();
      for (let round = 1; round <= (isLong ? 20 : 6); round += 1) {
        await scene.work(800, 1_200);
        log(`${await moveClaimsBack(scene)} claims moved back`);
      }
      for (let round = 1; round <= (isLong ? 3 : 1); round += 1) {
        await scene.work(2_000, 3_000);
        const frozenMs = isLong ? FROZEN_MS.long : FROZEN_MS.short;
        log(`mongod frozen for ${frozenMs / 1_000} s`);
        await mongod.pause();
        await scene.work(frozenMs, frozenMs);
        mongod.resume();
      }
      await scene.work(6_000, 7_000);
      const early = calledEarly(receiver.calls);
      if (early.length > 0) {
        throw new Error(`${early.length} called again before they asked to be: ${early[0]}`);
      }
    });
  },
};

/** What a fail-over to a primary whose clock is ahead makes of them. */
async function moveClaimsBack({ db }: Scene): Promise<number> {
  const earlier = { $subtract: ['$nextAttemptAt', 40_000] };
  const { modifiedCount } = await db
    .collection('notify_on_delivery_retries')
    .updateMany({ claim: { $exists: true } }, [{ $set: { nextAttemptAt: earlier } }]);
  return modifiedCount;
}

/** Notifications of the endpoint that asks for time, called sooner than that after an answer. */
function calledEarly(calls: readonly Call[]): readonly string[] {
  const answeredAt = new Map<string, number>();
  const early = new Set<string>();
  for (const { path, notificationId, beganAt, endedAt } of calls) {
    if (path !== pathOf(patient)) continue;
    const before = answeredAt.get(notificationId);
    if (before !== undefined && beganAt - before < ASKED_SECONDS * 1_000) early.add(notificationId);
    answeredAt.set(notificationId, endedAt ?? Infinity);
  }
  return [...early];
}
