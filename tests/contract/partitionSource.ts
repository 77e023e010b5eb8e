import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Change, StreamPosition } from '../../src/domain/change.ts';
import type { Partition, PartitionSource } from '../../src/ports/source.ts';
import { Stopping } from '../../src/runtime/abort.ts';
import { watch } from '../support/recorders.ts';

/** Workers that share one partition, and what a test may do to them. Timers are the test's. */
export interface PartitionUnderTest {
  /** One more worker's source. */
  worker(): PartitionSource;
  /** The platform writes statuses of these SMS, one after another. */
  write(...ids: readonly string[]): void;
  /** Others may have the partition from now on; whoever has it finds that out for itself. */
  takeAway(): void;
}

interface Working {
  /** Those that were handed out so far. */
  readonly partitions: readonly Partition[];
  stop(): Promise<void>;
  readonly done: Promise<void>;
}

/** What every `PartitionSource` does. */
export function describePartitionSource(underTest: () => PartitionUnderTest): void {
  let shared: PartitionUnderTest;
  beforeEach(() => {
    jest.useFakeTimers();
    shared = underTest();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Work that ends as a worker's does: it releases the partition once it has to stop. */
  function begin(work: (partition: Partition) => Promise<void> = untilStopped): Working {
    const stopping = new AbortController();
    const partitions: Partition[] = [];
    const done = shared.worker().run(async (partition) => {
      partitions.push(partition);
      await work(partition);
    }, stopping.signal);
    done.catch(() => undefined);
    return {
      partitions,
      done,
      async stop() {
        stopping.abort(new Stopping());
        await settled(done);
      },
    };
  }

  async function begun(): Promise<Working & { readonly partition: Partition }> {
    const working = begin();
    const partition = await nth(working, 0);
    return { ...working, partition };
  }

  describe('a source of partitions', () => {
    it('hands out a partition that is held', async () => {
      const { partition, stop } = await begun();
      expect(partition.id).toBe('0');
      expect(partition.isHeld()).toBe(true);
      expect(partition.stopping.aborted).toBe(false);
      await stop();
    });

    it('brings what is written, in its order, each with a place of its own', async () => {
      const { partition, stop } = await begun();
      shared.write('a', 'b', 'c');
      const changes = [await nextOf(partition), await nextOf(partition), await nextOf(partition)];
      expect(changes.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
      expect(new Set(changes.map(({ position }) => JSON.stringify(position))).size).toBe(3);
      await stop();
    });

    it('goes on after the last save for whoever comes next, without what lies before', async () => {
      const former = await begun();
      shared.write('a', 'b', 'c');
      const a = await nextOf(former.partition);
      await nextOf(former.partition);
      await saved(former.partition, a.position);
      await former.stop();
      const next = await begun();
      expect((await nextOf(next.partition)).id).toBe('b');
      expect((await nextOf(next.partition)).id).toBe('c');
      await next.stop();
    });

    it('ends a read at a stop, and lets what was begun be saved before the next begins', async () => {
      let last: StreamPosition | null = null;
      const former = begin(async (partition) => {
        last = (await nextOf(partition)).position;
        await expect(settled(partition.read())).rejects.toThrow(Stopping);
        expect(partition.stopping.aborted).toBe(true);
        await saved(partition, last);
      });
      shared.write('a');
      await passUntil('it is read', () => last !== null);
      const stopped = former.stop();
      shared.write('b');
      await stopped;
      const next = await begun();
      expect((await nextOf(next.partition)).id).toBe('b');
      await next.stop();
    });

    it('lets one worker after the other have it, never two', async () => {
      const first = await begun();
      const second = begin();
      await pass(5_000);
      expect(second.partitions).toEqual([]);
      await first.stop();
      await nth(second, 0);
      expect(first.partition.isHeld() && !first.partition.stopping.aborted).toBe(false);
      await second.stop();
    });

    it('has the work stop, and save nothing any more, when others may have the partition', async () => {
      const former = await begun();
      const second = begin();
      await pass(2_000);
      shared.write('a', 'b');
      const a = await nextOf(former.partition);
      shared.takeAway();
      await passUntil('the work stops', () => former.partition.stopping.aborted);
      expect(former.partition.stopping.reason).toBeInstanceOf(Stopping);
      expect(former.partition.isHeld()).toBe(false);
      const successor = await nth(second, 0);
      const again = await nextOf(successor);
      expect(again.id).toBe('a');
      const b = await nextOf(successor);
      await saved(successor, b.position);
      expect(await settled(former.partition.save(a.position))).toBe('fenced');
      await second.stop();
      const third = await nth(former, 1);
      shared.write('c');
      expect((await nextOf(third)).id).toBe('c');
      await former.stop();
    });

    it('goes on with another term after one that was lost', async () => {
      const worker = await begun();
      shared.takeAway();
      const again = await nth(worker, 1);
      expect(again.isHeld()).toBe(true);
      expect(again.stopping.aborted).toBe(false);
      await worker.stop();
    });

    it('has caught up once all that was there is being processed', async () => {
      const { partition, stop } = await begun();
      shared.write('a', 'b');
      await nextOf(partition);
      const caughtUp = partition.caughtUp();
      const seen = watch(caughtUp);
      await nextOf(partition);
      await pass(0);
      expect(seen.isSettled).toBe(false);
      const read = partition.read().catch((thrown: unknown) => thrown);
      await settled(caughtUp);
      await stop();
      await settled(read);
    });

    it('ends with what the work fails with', async () => {
      const bug = new TypeError('undefined is not a function');
      const worker = begin(async () => await Promise.reject(bug));
      await expect(settled(worker.done)).rejects.toBe(bug);
    });
  });
}

const untilStopped = async (partition: Partition): Promise<void> => {
  while (!partition.stopping.aborted) await new Promise((resolve) => setTimeout(resolve, 10));
  await partition.release();
};

/** Lets time pass, from one timer to the next. */
async function passUntil(what: string, isSo: () => boolean, withinMs = 300_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`never: ${what}`);
    jest.advanceTimersByTime(10);
    await turn();
  }
}

async function pass(ms: number): Promise<void> {
  const end = performance.now() + ms;
  await passUntil('time passes', () => performance.now() >= end);
  await turn();
}

async function settled<Result>(promise: Promise<Result>): Promise<Result> {
  const seen = watch(promise);
  await passUntil('it is settled', () => seen.isSettled);
  return await promise;
}

async function nth({ partitions }: Working, index: number): Promise<Partition> {
  await passUntil(`term ${index + 1} begins`, () => partitions.length > index);
  const partition = partitions[index];
  if (partition === undefined) throw new Error('there is no such term');
  return partition;
}

async function nextOf(partition: Partition): Promise<Change> {
  for (;;) {
    const read = await settled(partition.read());
    if (read.kind === 'change') return read.change;
    if (read.kind === 'gap') throw new Error('a gap');
  }
}

async function saved(partition: Partition, position: StreamPosition): Promise<void> {
  expect(await settled(partition.save(position))).toBe('saved');
}
