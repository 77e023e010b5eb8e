import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  decideStart,
  firstStartTimes,
  type StartDecision,
  type StartFacts,
} from '../../../src/kafka/startOffset.ts';

/** By how much clocks are wrong, and how long after a write its message comes, at most: less than the margin. */
const SKEW_MS = 50_000;

interface Message {
  readonly offset: number;
  readonly writtenAtMs: number;
  readonly eventAtMs: number;
}

/** One partition, the connector that fills it, and the group that reads it. Time only passes between actions. */
class Model {
  nowMs = 1_000_000;
  lastEventMs = 0;
  topic = 1;
  low = 0;
  high = 0;
  log: Message[] = [];
  /** An offset below which another message than the one committed may be, as long as the log ends before it. */
  truncatedBelow = 0;
  committed: number | null = null;
  memory: StartFacts['memory'] = null;
  /** The next offset to be processed; null while nobody is assigned. */
  position: number | null = null;
  readonly wanted = new Set<number>();
  readonly done = new Set<number>();
  readonly gaps: Readonly<{ from: Date; until: Date }>[] = [];
  readonly first: Readonly<{ startAt: Date | null; checkpointAt: Date | null }>;

  constructor(first: Model['first']) {
    this.first = first;
  }

  pass(ms: number): void {
    this.nowMs += ms;
  }

  produce(count: number, lagMs: number, skewMs = 0): void {
    // Written over a commit, a message could not be told from the one that was committed.
    const room = this.high < this.truncatedBelow ? this.truncatedBelow - this.high - 1 : count;
    for (let made = 0; made < Math.min(count, room); made += 1) {
      this.nowMs += 1;
      this.lastEventMs = Math.max(this.lastEventMs + 1, this.nowMs - lagMs);
      if (this.lastEventMs > this.nowMs) this.nowMs = this.lastEventMs;
      const message = { writtenAtMs: this.nowMs - skewMs, eventAtMs: this.lastEventMs };
      this.log.push({ offset: this.high, ...message });
      this.high += 1;
      const from = firstStartTimes(this.first)?.from ?? new Date(0);
      if (this.lastEventMs >= from.getTime()) this.wanted.add(this.lastEventMs);
    }
  }

  expire(count: number): void {
    this.log.splice(0, count);
    this.low = this.log[0]?.offset ?? this.high;
    this.#cutOff();
  }

  truncate(count: number): void {
    // Two faults at once are not told apart.
    if (this.memory !== null && this.memory.topicId !== String(this.topic)) return;
    const kept = Math.max(this.low, this.high - count);
    if (this.committed !== null && kept < this.committed) this.truncatedBelow = this.committed;
    if (this.memory !== null && kept < this.memory.offset) {
      this.truncatedBelow = Math.max(this.truncatedBelow, this.memory.offset);
    }
    // Where nothing tells of the truncation, what was not processed is lost for good.
    for (const message of this.log.splice(kept - this.low)) {
      if (this.truncatedBelow <= kept) this.wanted.delete(message.eventAtMs);
    }
    this.high = kept;
    this.position = null;
  }

  replaceTopic(keepsCommit: boolean): void {
    // Where nothing tells of the other topic, what was not processed is lost for good.
    if (this.memory === null) {
      for (const { eventAtMs } of this.log) this.wanted.delete(eventAtMs);
    }
    this.topic += 1;
    [this.low, this.high, this.log, this.truncatedBelow] = [0, 0, [], 0];
    if (!keepsCommit || this.memory === null) this.committed = null;
    this.position = null;
  }

  loseCommit(): void {
    if (this.high < this.truncatedBelow) return;
    this.committed = null;
    this.position = null;
  }

  crash(): void {
    this.position = null;
  }

  #cutOff(): void {
    if (this.position !== null && this.position < this.low) this.position = null;
  }

  facts(): StartFacts {
    const times = firstStartTimes(this.first);
    const [oldest] = this.log;
    const found = this.log.find(
      ({ writtenAtMs }) => writtenAtMs >= (times?.messagesFrom.getTime() ?? Infinity),
    );
    return {
      committed: this.committed,
      log: {
        low: this.low,
        high: this.high,
        firstMessageAt: oldest === undefined ? null : new Date(oldest.writtenAtMs),
      },
      topicId: String(this.topic),
      memory: this.memory,
      isAdded: false,
      firstStart: times && {
        ...{ from: times.from, offset: found?.offset ?? null, isOfTopic: false },
      },
      now: new Date(this.nowMs),
      earliest: new Date(0),
    };
  }

  /** @param steps of those that make a decision durable: the worker dies after so many */
  assign(steps: number): StartDecision {
    const decision = decideStart(this.facts());
    const { begin, gap, memoryAt: at, commitFirst, why } = decision;
    if (why === 'first_start') this.#forgetUnwanted(begin);
    if (steps > 0 && gap !== null) this.gaps.push(gap);
    if (steps > 1 && commitFirst) [this.committed, this.truncatedBelow] = [begin, 0];
    if (steps > 2 && at !== null) this.memory = { topicId: String(this.topic), offset: begin, at };
    this.position = steps > 2 ? begin : null;
    return decision;
  }

  /** What the first start passes over: that is of before the time from which statuses are wanted. */
  #forgetUnwanted(begin: number): void {
    const fromMs = firstStartTimes(this.first)?.from.getTime() ?? Infinity;
    for (const { offset, eventAtMs } of this.log) {
      if (offset < begin && eventAtMs < fromMs) this.wanted.delete(eventAtMs);
    }
    for (const eventAtMs of this.wanted) {
      const isLeft = this.log.some((message) => message.eventAtMs === eventAtMs);
      if (!isLeft && eventAtMs < fromMs) this.wanted.delete(eventAtMs);
    }
  }

  process(count: number, saves: 'nothing' | 'commit' | 'both'): void {
    if (this.position === null) return;
    const read = this.log.slice(this.position - this.low, this.position - this.low + count);
    for (const { eventAtMs } of read) this.done.add(eventAtMs);
    this.position += read.length;
    if (saves === 'nothing') return;
    this.committed = this.position;
    const last = read.at(-1);
    if (saves === 'commit' || last === undefined) return;
    const topicId = String(this.topic);
    this.memory = { topicId, offset: this.position, at: new Date(last.eventAtMs) };
  }

  missed(): readonly number[] {
    return [...this.wanted].filter(
      (eventAtMs) =>
        !this.done.has(eventAtMs) &&
        !this.gaps.some(
          ({ from, until }) => from.getTime() <= eventAtMs && eventAtMs <= until.getTime(),
        ),
    );
  }
}

type Action = (model: Model) => void;

const small = fc.nat({ max: 12 });
const actions = fc.oneof(
  fc.tuple(small, fc.nat({ max: SKEW_MS }), fc.integer({ min: -SKEW_MS, max: SKEW_MS })).map(
    ([count, lagMs, skewMs]): Action =>
      (model) =>
        model.produce(count, lagMs, skewMs),
  ),
  fc.nat({ max: 100_000 }).map(
    (ms): Action =>
      (model) =>
        model.pass(ms),
  ),
  fc.tuple(small, fc.constantFrom('nothing', 'commit', 'both')).map(
    ([count, saves]): Action =>
      (model) =>
        model.process(count, saves),
  ),
  fc.nat({ max: 3 }).map((steps): Action => (model) => {
    model.assign(steps);
  }),
  small.map(
    (count): Action =>
      (model) =>
        model.expire(count),
  ),
  small.map(
    (count): Action =>
      (model) =>
        model.truncate(count),
  ),
  fc.boolean().map(
    (keepsCommit): Action =>
      (model) =>
        model.replaceTopic(keepsCommit),
  ),
  fc.constantFrom<Action>(
    (model) => model.loseCommit(),
    (model) => model.crash(),
  ),
);
const someTime = fc.option(fc.integer({ min: 500_000, max: 2_000_000 }).map((ms) => new Date(ms)));
const histories = fc.record({
  first: fc.record({ startAt: someTime, checkpointAt: someTime }),
  before: fc.nat({ max: 20 }),
  then: fc.array(actions, { maxLength: 40 }),
});

test('every status is read or searched for, whatever was lost and whenever a worker died', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(histories, ({ first, before, then }) => {
      const model = new Model(first);
      model.produce(before, 0);
      for (const action of then) action(model);
      const { why } = model.assign(3);
      seen.add(why);
      model.process(Infinity, 'both');
      expect(model.missed()).toEqual([]);
    }),
    { numRuns: 5_000 },
  );
  expect([...seen].sort()).toEqual([
    'commit_before_log',
    'commit_missing',
    'commit_past_log',
    'committed',
    'first_start',
    'topic_replaced',
  ]);
});

test('a decision that was carried out holds', () => {
  fc.assert(
    fc.property(histories, ({ first, before, then }) => {
      const model = new Model(first);
      model.produce(before, 0);
      for (const action of then) action(model);
      const { begin } = model.assign(3);
      expect(decideStart(model.facts())).toEqual({
        begin,
        commitFirst: false,
        gap: null,
        memoryAt: null,
        why: 'committed',
      });
    }),
  );
});

test('nothing is read twice or searched for while the commit is within the log', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(small, small, small), { maxLength: 20 }), (rounds) => {
      const model = new Model({ startAt: null, checkpointAt: null });
      model.assign(3);
      for (const [produced, processed, expired] of rounds) {
        model.produce(produced, 0);
        model.process(processed, 'both');
        model.expire(Math.min(expired, (model.committed ?? 0) - model.low));
        model.crash();
        expect(model.assign(3)).toMatchObject({ begin: model.committed, gap: null });
      }
    }),
  );
});
