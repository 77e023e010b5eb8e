import { jest } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Attempt, AttemptOutcome } from '../../../src/domain/attempt.ts';
import type { Partition } from '../../../src/ports/source.ts';
import { aDocument, answered } from '../../support/builders.ts';
import { createFakeDatabase } from '../../support/fakeDatabase.ts';
import type { CommitFate } from '../../support/kafka/fakeConsumer.ts';
import { createFakeGroup } from '../../support/kafka/fakeGroup.ts';
import { startGroupWorker, type GroupWorker } from '../../support/kafka/groupWorker.ts';
import type { FakeProcess, Pick } from '../../support/kafka/processes.ts';

/** What befalls the group. Numbers stand for one of those that there are then. */
export type Command = Readonly<
  | { kind: 'join' }
  | { kind: 'leave' | 'kill'; worker: number }
  | { kind: 'freeze' | 'cut'; worker: number; ms: number }
  | { kind: 'expel'; worker: number }
  | { kind: 'brokersDown'; ms: number }
  | { kind: 'arrive'; partition: number; count: number }
  | { kind: 'retention'; partition: number; count: number }
  | { kind: 'pass'; ms: number }
>;

export interface Plan {
  readonly seed: number;
  readonly partitions: number;
  readonly workers: number;
  readonly maxUnacked: number;
  /** How long each call takes, over and over. */
  readonly callMs: readonly number[];
  readonly commits: readonly CommitFate[];
  readonly commands: readonly Command[];
}

const sessionMs = 6_000;
/** Of a way to a broker. */
const longestWayMs = 40;
/** No database takes longer, so that what a hand-over waits for is well within a session. */
const longestAskMs = 1_000;
/** After so long with nothing left to do something is stuck. */
const patienceMs = 600_000;
/** The clocks of a search for what is lost. */
const marginMs = 60_000;

interface LiveTerm {
  readonly partition: Partition;
  readonly process: FakeProcess;
}

/** Plays what befalls a group of workers, and looks for what must never be. */
export function createGroupPlay(plan: Plan) {
  const pick = createPick(plan.seed);
  const violations: string[] = [];
  const calls: { readonly name: string; readonly process: FakeProcess }[] = [];
  const gaps: { readonly from: number; readonly to: number }[] = [];
  const workers: GroupWorker[] = [];
  const liveTerms = new Set<LiveTerm>();
  const database = createFakeDatabase();
  const { rows } = database.retries;
  const inTurn = <Value>(values: readonly Value[], otherwise: Value): (() => Value) => {
    let next = 0;
    return () => values[next++ % values.length] ?? otherwise;
  };
  const callMs = inTurn(plan.callMs, 0);
  const group = createFakeGroup({
    ...{ partitions: plan.partitions, sessionMs, pick, longestMs: longestWayMs },
    fateOfCommit: inTurn([...plan.commits, { lateMs: 0, outcome: 'answered' }], {
      lateMs: 0,
      outcome: 'answered',
    }),
    moved(partition, from, to) {
      for (const { name, writtenAt } of topic.all(partition).slice(from, to)) {
        const isSafe = isEnded(name) || rows.has(notificationOf(name)) || isInGap(writtenAt);
        if (!isSafe) violations.push(`a commit passed ${name}`);
      }
    },
  });
  const { topic, network, coordinator } = group;
  const isEnded = (name: string): boolean => database.ended(notificationOf(name)) !== undefined;
  const isInGap = (time: Date): boolean =>
    gaps.some(({ from, to }) => from - marginMs <= time.getTime() && time.getTime() <= to);
  for (const partition of topic.partitions) topic.committed.set(partition, 0);

  const began = (partition: Partition, process: FakeProcess): (() => void) => {
    for (const other of liveTerms) {
      if (other.partition.id !== partition.id) continue;
      // Nobody can stop for what it was not told.
      if (group.has(other.process, Number(partition.id))) continue;
      if (other.partition.stopping.aborted || other.process.state !== 'running') continue;
      if (!other.process.run(() => other.partition.isHeld())) continue;
      violations.push(
        `partition ${partition.id} began at ${process.name} while ${other.process.name} had it`,
      );
    }
    const term = { partition, process };
    liveTerms.add(term);
    return () => liveTerms.delete(term);
  };
  const send = async (process: FakeProcess, name: string): Promise<AttemptOutcome> => {
    calls.push({ name, process });
    await new Promise((resolve) => setTimeout(resolve, callMs()));
    return answered(200);
  };

  const join = (): void => {
    const surroundings = {
      ...{ group, database, sessionMs, longestAskMs, pick, began },
      memory,
      maxUnacked: plan.maxUnacked,
      sender: (process: FakeProcess) => ({
        send: async ({ notificationId }: Attempt) => await send(process, notificationId),
      }),
      addGap: (from: Date, to: Date) => void gaps.push({ from: from.getTime(), to: to.getTime() }),
    };
    workers.push(startGroupWorker(`worker ${workers.length + 1}`, surroundings));
  };
  const memory = { places: new Map(), first: null };
  const arrive = (partition: number, count: number): void => {
    for (let index = 0; index < count; index += 1) {
      const { high } = topic.bounds(partition);
      const id = `p${partition}-${high}`;
      database.documents.set(id, aDocument({ _id: id, accountID: high % 3 }));
      topic.append(partition, id);
    }
  };
  const names = (): string[] =>
    topic.partitions.flatMap((partition) =>
      topic.all(partition).map(({ name }) => notificationOf(name)),
    );

  /** Lets time pass, from one timer to the next, until something is so. */
  const passUntil = async (
    isSo: () => boolean,
    what: string,
    withinMs = patienceMs,
  ): Promise<void> => {
    const end = performance.now() + withinMs;
    while (!isSo()) {
      if (performance.now() > end) throw new Error(`never: ${what} ${describe()}`);
      jest.advanceTimersToNextTimer();
      await turn();
      await turn();
    }
  };
  const describe = (): string =>
    JSON.stringify({
      bounds: topic.partitions.map((partition) => topic.bounds(partition)),
      committed: [...topic.committed],
      members: coordinator.memberCount,
      live: [...liveTerms].map(({ partition, process }) => `${partition.id} at ${process.name}`),
      rows: [...rows.keys()],
      open: names().filter((name) => database.ended(name) === undefined),
    });
  const pass = async (ms: number): Promise<void> => {
    let isOver = false;
    setTimeout(() => (isOver = true), ms);
    await passUntil(() => isOver, 'time passes');
  };
  const later = (ms: number, task: () => void): void => void setTimeout(task, ms);
  const among = (
    index: number,
    states: readonly FakeProcess['state'][],
  ): GroupWorker | undefined => {
    const found = workers.filter(
      ({ process, isStopped }) => states.includes(process.state) && !isStopped,
    );
    return found[index % Math.max(1, found.length)];
  };
  const obey = async (command: Command): Promise<void> => {
    switch (command.kind) {
      case 'join':
        return join();
      case 'leave':
        return among(command.worker, ['running', 'frozen'])?.stop();
      case 'kill':
        return among(command.worker, ['running', 'frozen'])?.process.kill();
      case 'freeze': {
        const process = among(command.worker, ['running'])?.process;
        process?.freeze();
        return later(command.ms, () => void process?.goOn(pick));
      }
      case 'cut': {
        const process = among(command.worker, ['running'])?.process;
        if (process === undefined) return undefined;
        network.cut(process);
        return later(command.ms, () => network.mend(process));
      }
      case 'expel':
        return coordinator.expel(command.worker);
      case 'brokersDown':
        if (network.isDown) return undefined;
        network.isDown = true;
        return later(command.ms, () => {
          network.isDown = false;
          coordinator.cameBack();
        });
      case 'arrive':
        return arrive(command.partition % plan.partitions, command.count);
      case 'retention': {
        const partition = command.partition % plan.partitions;
        return topic.deleteBefore(partition, topic.bounds(partition).low + command.count);
      }
      case 'pass':
        return await pass(command.ms);
      default:
        return command satisfies never;
    }
  };
  const isDone = (): boolean =>
    rows.size === 0 &&
    topic.partitions.every((partition) => {
      const { low, high } = topic.bounds(partition);
      const isCommitted = (topic.committed.get(partition) ?? 0) >= high;
      return (
        isCommitted &&
        topic
          .all(partition)
          .every(
            ({ name, offset, writtenAt }) => isEnded(name) || (offset < low && isInGap(writtenAt)),
          )
      );
    });
  const run = async (): Promise<void> => {
    for (let index = 0; index < plan.workers; index += 1) join();
    for (const command of plan.commands) await obey(command);
    await passUntil(() => workers.every(({ process }) => process.state !== 'frozen'), 'all go on');
    if (among(0, ['running']) === undefined) join();
    await passUntil(isDone, 'all is done');
    for (const worker of workers) worker.stop();
    const isOver = ({ process, seen }: GroupWorker): boolean =>
      process.state === 'dead' || seen.isSettled;
    await passUntil(() => workers.every(isOver), 'all have ended');
    await Promise.all(
      workers.filter(({ process }) => process.state !== 'dead').map(({ done }) => done),
    );
    coordinator.close();
  };
  return {
    run,
    group,
    violations,
    calls,
    names,
  };
}

const notificationOf = (name: string): string => `${name}:DELIVERED`;

/** Always the same numbers for a seed: mulberry32. */
function createPick(seed: number): Pick {
  let state = seed >>> 0;
  return (count) => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count;
  };
}
