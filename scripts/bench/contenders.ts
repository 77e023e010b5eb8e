import { startBaseline } from './baselineProcess.ts';
import { startBenchWorker, type Settings } from './benchWorker.ts';
import type { Contender } from './contender.ts';
import type { BenchReceiver } from './receiver.ts';

const AT_ONCE = 64;

const naive = new URL('./baselines/naive.ts', import.meta.url);
const gotPost = new URL('./baselines/gotPost.ts', import.meta.url);
const gotStream = new URL('./baselines/gotStream.ts', import.meta.url);
const changeStream = new URL('./baselines/changeStream.ts', import.meta.url);

/** What all others are compared with, too. With other settings its name begins with this. */
export const WORKER = 'worker';

const follower = { drivenBy: 'statuses', seenBy: 'receiver', records: true } as const;

/** The worker, with default settings but for those given. */
export function workerContender(
  { count, arrivals }: BenchReceiver,
  settings: Settings = {},
  called = { name: WORKER, label: 'the worker' },
): Contender {
  return {
    ...follower,
    ...called,
    start: async (site) => await startBenchWorker(site, { count, arrivals }, settings),
  };
}

export function contendersFor(receiver: BenchReceiver): readonly Contender[] {
  const { count, arrivals } = receiver;
  const caller = { drivenBy: 'itself', seenBy: 'receiver', records: false } as const;
  const seen = { count, arrivals };
  return [
    {
      ...follower,
      name: 'naive-1',
      label: 'naive, one at a time',
      start: async (site) => ({ ...(await startBaseline(naive, 1, site)), ...seen }),
    },
    {
      ...follower,
      name: `naive-${AT_ONCE}`,
      label: `naive, ${AT_ONCE} at once`,
      start: async (site) => ({ ...(await startBaseline(naive, AT_ONCE, site)), ...seen }),
    },
    {
      ...caller,
      name: 'got-post',
      label: 'only got.post',
      start: async (site) => ({ ...(await startBaseline(gotPost, AT_ONCE, site)), ...seen }),
    },
    {
      ...caller,
      name: 'got-stream-post',
      label: 'only got.stream.post',
      start: async (site) => ({ ...(await startBaseline(gotStream, AT_ONCE, site)), ...seen }),
    },
    {
      name: 'change-stream',
      label: 'only reading changes',
      drivenBy: 'statuses',
      seenBy: 'itself',
      records: false,
      start: async (site) => await startBaseline(changeStream, 1, site),
    },
    workerContender(receiver),
  ];
}
