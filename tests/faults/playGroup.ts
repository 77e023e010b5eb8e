import { keyHashOf, partitionOf } from '../../src/domain/partitionKey.ts';
import { connectorKey } from '../../src/mongo/connectorKey.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { until } from '../support/until.ts';
import type { FaultContext, FaultResult } from './fault.ts';
import { holdingsOf, longestPause, type Holding } from './holdings.ts';
import type { KafkaStage } from './kafkaStage.ts';
import { play, type PlayOptions, type Scene } from './play.ts';

interface GroupOptions extends Omit<PlayOptions, 'kafka'> {
  /** 12 by default. */
  readonly partitions?: number;
  readonly connector?: Readonly<Record<string, string>>;
}

/** A scene of several workers that share a topic. */
export interface GroupScene extends Scene {
  readonly kafka: KafkaStage;
  /** Which worker has had which partition when. */
  holdings(): readonly Holding[];
  /** Those that were not stopped, killed or frozen. */
  present(): readonly WorkerProcess[];
  /** Resolves when each partition is read by one of those that are present, with the seconds since the last one left. */
  untilAllHeld(partitions?: number): Promise<number>;
  stop(worker: WorkerProcess | undefined): Promise<void>;
  stopAll(): Promise<void>;
  /** Without a word; puts down what is in progress. */
  kill(worker: WorkerProcess | undefined): Promise<void>;
  freeze(worker: WorkerProcess | undefined, meanwhile: () => Promise<void>): Promise<void>;
  /** Puts down what was in progress when workers found that they had lost partitions. To be called once. */
  countLosses(): number;
}

const PARTITIONS = 12;
/** Slow endpoints answer within it, on a busy machine too: what is given up counts as a repetition. */
const REQUEST_TIMEOUT = '15s';
const patience = { timeoutMs: 90_000, intervalMs: 50 } as const;

/** `play` with three workers that take statuses from a topic, unless the fault says otherwise. No offset may go back. */
export async function playGroup(
  context: FaultContext,
  { partitions = PARTITIONS, connector = {}, ...options }: GroupOptions,
  harm: (scene: GroupScene) => Promise<void>,
): Promise<FaultResult> {
  const kafka = { partitions, connector };
  const settings = { REQUEST_TIMEOUT, ...options.settings };
  const all = { workers: 3, ...options, settings, kafka, check };
  return await play(context, all, async (scene) => {
    const group = toGroup(scene, partitions);
    try {
      await harm(group);
    } finally {
      const seconds = (longestPause(group.holdings()) / 1_000).toFixed(1);
      context.log(`longest pause of a partition ${seconds} s`);
    }
  });
}

function check({ kafka }: Scene): readonly string[] {
  return kafka?.offsets.problems() ?? ['there is no topic'];
}

function keyHashOfSms(notificationId: string): number {
  const smsId = notificationId.slice(0, notificationId.indexOf(':'));
  return keyHashOf(connectorKey({ _id: smsId }));
}

function toGroup(scene: Scene, partitions: number): GroupScene {
  const { kafka, workers } = scene;
  if (kafka === null) throw new Error('a group needs a topic');
  const departures = new Map<WorkerProcess, number>();
  const holdings = (): readonly Holding[] => holdingsOf(workers, departures);
  const leave = (worker: WorkerProcess): void => void departures.set(worker, Date.now());
  const present = (): readonly WorkerProcess[] => workers.filter((each) => !departures.has(each));
  const stop = async (worker: WorkerProcess): Promise<void> => {
    leave(worker);
    await worker.stop();
  };
  return {
    ...scene,
    kafka,
    holdings,
    present,
    async untilAllHeld(count = partitions) {
      const areHeld = (): boolean => {
        const there = present();
        const held = holdings().filter(
          (each) => each.until === null && there.includes(each.worker),
        );
        return new Set(held.map(({ partition }) => partition)).size === count;
      };
      await until('all partitions are read', areHeld, patience);
      return (Date.now() - Math.max(0, ...departures.values())) / 1_000;
    },
    async stop(worker) {
      if (worker !== undefined) await stop(worker);
    },
    async stopAll() {
      await Promise.all(present().map(stop));
    },
    async kill(worker) {
      if (worker === undefined) return;
      leave(worker);
      await worker.kill();
      await scene.countAtRisk();
    },
    async freeze(worker, meanwhile) {
      if (worker === undefined) return;
      leave(worker);
      await worker.signal('SIGSTOP');
      try {
        await scene.countAtRisk();
        await meanwhile();
      } finally {
        await worker.signal('SIGCONT');
        departures.delete(worker);
      }
    },
    countLosses() {
      const losses = workers.flatMap(({ lines }) =>
        lines.filter(({ event }) => event === 'partition_lost'),
      );
      for (const { timestamp, partition } of losses) {
        scene.countAtRiskThen(
          Date.parse(timestamp) - performance.timeOrigin,
          (id) => partitionOf(keyHashOfSms(id), partitions) === partition,
        );
      }
      return losses.length;
    },
  };
}
