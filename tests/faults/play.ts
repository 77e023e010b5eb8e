import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { marksIn } from '../support/marked.ts';
import { until } from '../support/until.ts';
import type { FaultContext, FaultResult } from './fault.ts';
import { startLoad, type Load } from './load.ts';
import type { Random } from './random.ts';
import { setStage, type Stage, type StageOptions } from './stage.ts';
import { judge, type Expectation } from './verdict.ts';

export interface PlayOptions extends StageOptions, Expectation {
  readonly name: string;
  /** Statuses per second, about; 60 by default. */
  readonly perSecond?: number;
  /** Every SMS gets one status only: what is overwritten unseen can't be notified. */
  readonly singly?: boolean;
  /** More fields of a new SMS. */
  readonly fields?: (random: Random) => Readonly<Record<string, unknown>>;
  /** How many statuses may be owed before the load waits; 1,000 by default. */
  readonly behindAtMost?: number;
  /** Workers that run from the beginning; 1 by default. */
  readonly workers?: number;
  /** What else must hold, once all workers have ended. */
  readonly check?: (scene: Scene) => readonly string[];
}

/** What a fault has to work with while the load runs. */
export interface Scene extends Stage {
  readonly load: Load;
  /** A while of ordinary work. */
  work(leastMs: number, mostMs: number): Promise<void>;
  /** Resolves when all that is owed now, or all of it that matters, is delivered. */
  untilNotified(matters?: (account: number) => boolean): Promise<void>;
  /** Puts down what is in progress now, the active worker being dead: that much may be repeated. */
  countAtRisk(): Promise<void>;
  /** The same for harm that was done to some notifications earlier. @param at by `performance.now()` */
  countAtRiskThen(at: number, isConcerned: (notificationId: string) => boolean): void;
}

const ARRIVAL_MS = 300;
const RECOVERY_MS = { short: 120_000, long: 300_000 } as const;

/**
 * The frame around each fault: sets the stage, lets the load run, does the harm, ends the load, waits until
 * everything owed is notified and recorded, and says how it went.
 */
export async function play(
  { random, isLong, log }: FaultContext,
  options: PlayOptions,
  harm: (scene: Scene) => Promise<void>,
): Promise<FaultResult> {
  const stage = await setStage(random, options);
  try {
    for (let count = options.workers ?? 1; count > 0; count -= 1) await stage.worker();
    const load = startLoad(stage.sms, {
      ...options,
      perSecond: options.perSecond ?? 60,
      behind: (owed) => owed - stage.receiver.deliveredAt.size,
      random,
    });
    const underRisk = { count: 0, harmedAt: [] as number[] };
    const scene: Scene = {
      ...stage,
      load,
      async work(leastMs, mostMs) {
        await wait(random.between(leastMs, mostMs));
      },
      async untilNotified(matters = () => true) {
        const owed = [...load.owed].flatMap(([id, of]) => (matters(of) ? [id] : []));
        const isNotified = (): boolean => owed.every((id) => stage.receiver.deliveredAt.has(id));
        const patience = { timeoutMs: RECOVERY_MS.short, intervalMs: 100 };
        await until('what is owed so far is notified', isNotified, patience);
      },
      async countAtRisk() {
        underRisk.harmedAt.push(performance.now());
        // What was sent before must have been read, by a receiver that shares this process with much else.
        await wait(ARRIVAL_MS);
        await stage.ledger.look();
        // Being called, or answered and not in the ledger. One that waits for a retry can't be repeated.
        const exposed = stage.receiver.calls.filter(
          ({ endedAt, isDelivery, notificationId }) =>
            (endedAt === null || isDelivery) && !stage.ledger.seenAt.has(notificationId),
        );
        underRisk.count += new Set(exposed.map(({ notificationId }) => notificationId)).size;
      },
      countAtRiskThen(at, isConcerned) {
        underRisk.harmedAt.push(at);
        const exposed = stage.receiver.calls.filter(
          ({ beganAt, endedAt, isDelivery, notificationId }) =>
            beganAt < at + ARRIVAL_MS &&
            ((endedAt ?? Infinity) >= at ||
              (isDelivery && (stage.ledger.seenAt.get(notificationId) ?? Infinity) >= at)) &&
            isConcerned(notificationId),
        );
        underRisk.count += new Set(exposed.map(({ notificationId }) => notificationId)).size;
      },
    };
    await scene.work(800, 1_200);
    const problems: string[] = [];
    await harm(scene).catch((error: unknown) => {
      // The rest of some messages is a worker's whole log.
      problems.push(String(error).split('\n', 1)[0] ?? '');
    });
    await load.stop();
    log(`${load.owed.size} statuses written, waiting for the rest to be told`);
    const verdict = await judge(stage, load.owed, {
      expectation: options,
      atRisk: underRisk.count,
      harmedAt: underRisk.harmedAt,
      withinMs: isLong ? RECOVERY_MS.long : RECOVERY_MS.short,
    });
    problems.push(...(await stopAll(stage)), ...(options.check?.(scene) ?? []));
    const result = { ...verdict, problems };
    const harms = underRisk.harmedAt.length;
    log(
      `${result.statuses} statuses, ${stage.receiver.calls.length} calls, ${harms} times at risk ` +
        `with ${result.atRisk} under way, ${result.repeated.length} repeated`,
    );
    if (isBad(result)) log(`the workers' logs are in ${await keepLogs(options.name, stage)}`);
    return result;
  } finally {
    await stage.close();
  }
}

export function isBad(result: FaultResult): boolean {
  const { lost, unrecorded, forbidden, repeated, together, problems } = result;
  const wrong = [lost, unrecorded, forbidden, together, problems];
  return wrong.some((list) => list.length > 0) || repeated.length > result.atRisk;
}

/** Whatever still runs must end cleanly when asked to; whatever ended by itself says why. None wrote secrets. */
async function stopAll({ workers }: Stage): Promise<readonly string[]> {
  const exits = await Promise.all(workers.map(async (worker) => await worker.stop()));
  const ends = exits.flatMap(({ code, signal }) => {
    const isFine = code === 0 || code === 128 + 9 || signal === 'SIGKILL';
    return isFine ? [] : [`a worker has ended with ${signal ?? `exit code ${code ?? '?'}`}`];
  });
  const marks = new Set(workers.flatMap((worker) => marksIn(worker.output())));
  return [...ends, ...[...marks].map((name) => `a worker has written the marked ${name}`)];
}

async function keepLogs(name: string, { workers }: Stage): Promise<string> {
  const folder = join(tmpdir(), `notify-on-delivery-faults-${process.pid}`, name);
  await mkdir(folder, { recursive: true });
  for (const [index, worker] of workers.entries()) {
    await writeFile(join(folder, `worker-${index + 1}.log`), worker.output());
  }
  return folder;
}
