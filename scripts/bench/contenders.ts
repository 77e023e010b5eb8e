import { packageRoot } from '../../config/packageRoot.ts';
import { startBaseline, type Baseline } from './baselineProcess.ts';
import { startBenchWorker, type Settings } from './benchWorker.ts';
import type { Contender } from './contender.ts';
import type { BenchReceiver } from './receiver.ts';

const AT_ONCE = 64;

/** What all others are compared with, too. With other settings its name begins with this. */
export const WORKER = 'worker';
/** The worker of another checkout. */
export const OTHER = { name: 'other-checkout', label: 'the other checkout' } as const;

const follower = { drivenBy: 'statuses', seenBy: 'receiver', records: true } as const;
const caller = { drivenBy: 'itself', seenBy: 'receiver', records: false } as const;
const reader = { drivenBy: 'statuses', seenBy: 'itself', records: false } as const;

/** The worker, with default settings but for those given. */
export function workerContender(
  { count, arrivals }: BenchReceiver,
  settings: Settings = {},
  called = { name: WORKER, label: 'the worker' },
  root = packageRoot(),
): Contender {
  return {
    ...follower,
    ...called,
    start: async (site) => await startBenchWorker(site, { count, arrivals }, { settings, root }),
  };
}

/** The worker of another checkout, and this one's. */
export function builds(receiver: BenchReceiver, root: string): readonly Contender[] {
  return [workerContender(receiver, {}, OTHER, root), workerContender(receiver)];
}

/** Simpler ways of doing the work, or parts of it, and the worker. */
export function contendersFor(receiver: BenchReceiver): readonly Contender[] {
  const { count, arrivals } = receiver;
  const baseline = (
    described: Omit<Contender, 'start'>,
    script: Baseline,
    concurrency = AT_ONCE,
  ): Contender => ({
    ...described,
    async start(site) {
      const running = await startBaseline(script, concurrency, site);
      return described.seenBy === 'receiver' ? { ...running, count, arrivals } : running;
    },
  });
  return [
    baseline({ name: 'naive-1', label: 'naive, one at a time', ...follower }, 'naive', 1),
    baseline(
      { name: `naive-${AT_ONCE}`, label: `naive, ${AT_ONCE} at once`, ...follower },
      'naive',
    ),
    baseline({ name: 'got-post', label: 'only got.post', ...caller }, 'gotPost'),
    baseline({ name: 'got-stream-post', label: 'only got.stream.post', ...caller }, 'gotStream'),
    baseline(
      { name: 'change-stream', label: 'only reading changes', ...reader },
      'changeStream',
      1,
    ),
    workerContender(receiver),
  ];
}
