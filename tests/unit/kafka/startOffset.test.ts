import { describe, expect, it } from '@jest/globals';
import { decideStart, firstStartTimes, type StartFacts } from '../../../src/kafka/startOffset.ts';

const at = (minute: number): Date => new Date(Date.UTC(2024, 4, 1, 12, minute));

/** A partition with messages 100 to 199, in which all is well up to 150. */
const facts: StartFacts = {
  committed: 150,
  log: { low: 100, high: 200, firstMessageAt: at(10) },
  topicId: 'a',
  memory: { topicId: 'a', offset: 140, at: at(14) },
  isAdded: false,
  firstStart: null,
  now: at(30),
  earliest: at(0),
};
const since = { isOfTopic: false };
const whole = { low: 0, high: 0, firstMessageAt: null };
const empty = { low: 100, high: 100, firstMessageAt: null };
const fresh = { ...facts, committed: null, memory: null };

describe('the start in a partition', () => {
  it.each([
    ['within the log', {}, 150],
    ['at its start', { committed: 100 }, 100],
    ['at its end', { committed: 200 }, 200],
    ['in an empty log', { committed: 100, log: empty, memory: null }, 100],
    [
      'before anything was written',
      { committed: 0, log: { ...empty, low: 0, high: 0 }, memory: null },
      0,
    ],
    ['without a memory', { memory: null }, 150],
    ['behind what is remembered, as an operator may set it', { committed: 110 }, 110],
    ['in a partition that was added', { isAdded: true }, 150],
    ['although START_AT is set', { firstStart: { ...since, from: at(12), offset: 120 } }, 150],
  ])('is the committed offset %s', (_, other: Partial<StartFacts>, begin) => {
    expect(decideStart({ ...facts, ...other })).toEqual({
      begin,
      commitFirst: false,
      gap: null,
      memoryAt: null,
      why: 'committed',
    });
  });

  it.each<[string, Partial<StartFacts>, object]>([
    [
      'the commit is lost and the log begins after what is remembered',
      { committed: null, memory: { topicId: 'a', offset: 90, at: at(5) } },
      { gap: { from: at(5), until: at(11) }, memoryAt: at(5), why: 'commit_missing' },
    ],
    [
      'the commit is lost, and so are all messages',
      { committed: null, log: empty, memory: { topicId: 'a', offset: 90, at: at(5) } },
      { gap: { from: at(5), until: at(30) }, why: 'commit_missing' },
    ],
    [
      'the commit is before the log',
      { committed: 99, memory: { topicId: 'a', offset: 95, at: at(5) } },
      { gap: { from: at(5), until: at(11) }, memoryAt: at(5), why: 'commit_before_log' },
    ],
    [
      'the commit is before an empty log',
      { committed: 99, log: empty, memory: { topicId: 'a', offset: 95, at: at(5) } },
      { gap: { from: at(5), until: at(30) }, why: 'commit_before_log' },
    ],
    [
      'the commit is before the log and nothing is remembered',
      { committed: 99, memory: null },
      { gap: { from: at(0), until: at(11) }, memoryAt: at(0), why: 'commit_before_log' },
    ],
    [
      'the commit is past the log',
      { committed: 201 },
      { gap: { from: at(14), until: at(30) }, memoryAt: at(14), why: 'commit_past_log' },
    ],
    [
      'the commit is past the log and nothing is remembered',
      { committed: 201, memory: null },
      { gap: { from: at(0), until: at(30) }, memoryAt: at(0), why: 'commit_past_log' },
    ],
    [
      'what is remembered is past the log, with the commit',
      { memory: { topicId: 'a', offset: 201, at: at(14) } },
      { gap: { from: at(14), until: at(30) }, why: 'commit_past_log' },
    ],
    [
      'what is remembered is past the log, without the commit',
      { committed: null, memory: { topicId: 'a', offset: 201, at: at(14) } },
      { gap: { from: at(14), until: at(30) }, why: 'commit_past_log' },
    ],
    [
      'the topic is another and the commit is gone',
      { topicId: 'b', committed: null, memory: { topicId: 'a', offset: 140, at: at(5) } },
      { gap: { from: at(5), until: at(11) }, memoryAt: at(5), why: 'topic_replaced' },
    ],
    [
      'the topic is another and the old commit is within the new log',
      { topicId: 'b', memory: { topicId: 'a', offset: 140, at: at(5) } },
      { gap: { from: at(5), until: at(11) }, why: 'topic_replaced' },
    ],
    [
      'the topic is another and has no messages',
      { topicId: 'b', log: empty, memory: { topicId: 'a', offset: 140, at: at(5) } },
      { gap: { from: at(5), until: at(30) }, why: 'topic_replaced' },
    ],
    [
      'the topic is another and clocks disagree',
      { topicId: 'b' },
      { gap: { from: at(11), until: at(11) }, why: 'topic_replaced' },
    ],
    [
      'the partition was added later',
      {
        committed: null,
        memory: null,
        isAdded: true,
        firstStart: { ...since, from: at(12), offset: 120 },
      },
      { gap: null, memoryAt: at(0), why: 'partition_added' },
    ],
  ])('is the start of the log when %s', (_, other, expected) => {
    const decision = decideStart({ ...facts, ...other });
    expect(decision).toMatchObject({ begin: 100, commitFirst: true, ...expected });
  });

  it.each([
    ['commit_missing', { committed: null }, 140],
    ['commit_missing', { committed: null, memory: { topicId: 'a', offset: 200, at: at(20) } }, 200],
    ['commit_before_log', { committed: 99, memory: { topicId: 'a', offset: 100, at: at(9) } }, 100],
  ])('is what is remembered while the log has all that came after (%s)', (why, other, begin) => {
    expect(decideStart({ ...facts, ...other })).toEqual({
      begin,
      commitFirst: true,
      gap: null,
      memoryAt: null,
      why,
    });
  });

  it.each<[string, Partial<StartFacts>, object]>([
    ['the end', {}, { begin: 200, gap: null, memoryAt: at(29) }],
    ['the end of an empty log', { log: empty }, { begin: 100, gap: null }],
    [
      'the first message of that time',
      { firstStart: { ...since, from: at(12), offset: 120 } },
      { begin: 120, gap: null, memoryAt: at(12) },
    ],
    [
      'the end when none is of that time or later',
      { firstStart: { ...since, from: at(40), offset: null } },
      { begin: 200, gap: null, memoryAt: at(29) },
    ],
    [
      'the start of the log when that begins later, with a gap before',
      { firstStart: { ...since, from: at(6), offset: 100 } },
      { begin: 100, gap: { from: at(6), until: at(11) }, memoryAt: at(6) },
    ],
    [
      'the start of the log when that begins within the margin',
      { firstStart: { ...since, from: at(11), offset: 100 } },
      { begin: 100, gap: null, memoryAt: at(11) },
    ],
    [
      'an empty log, with a gap until now',
      { log: empty, firstStart: { ...since, from: at(6), offset: null } },
      { begin: 100, gap: { from: at(6), until: at(30) } },
    ],
    [
      'an empty log for a time in the future',
      { log: empty, firstStart: { ...since, from: at(40), offset: null } },
      { begin: 100, gap: null },
    ],
    [
      'the end of a topic that another member has found empty',
      { log: whole, firstStart: { from: at(6), offset: null, isOfTopic: true } },
      { begin: 0, gap: null, memoryAt: at(6) },
    ],
    [
      'the first message of a topic that another member has found empty',
      {
        log: { low: 0, high: 9, firstMessageAt: at(10) },
        firstStart: { from: at(6), offset: 0, isOfTopic: true },
      },
      { begin: 0, gap: null, memoryAt: at(6) },
    ],
    [
      'the start of the log that has lost messages since another member found it',
      { firstStart: { from: at(6), offset: 100, isOfTopic: true } },
      { begin: 100, gap: { from: at(6), until: at(11) }, memoryAt: at(6) },
    ],
    [
      'within the log whatever offset is found',
      { firstStart: { ...since, from: at(6), offset: 7 } },
      { begin: 100 },
    ],
    [
      'at most the end',
      { firstStart: { ...since, from: at(12), offset: 207 } },
      { begin: 200, gap: null },
    ],
  ])('for the first time is %s', (_, other, expected) => {
    const decision = decideStart({ ...fresh, ...other });
    expect(decision).toMatchObject({ commitFirst: true, why: 'first_start', ...expected });
  });
});

describe('the time of the first start', () => {
  it('is START_AT, and messages are looked for from a minute before', () => {
    expect(firstStartTimes({ startAt: at(12), checkpointAt: at(5) })).toEqual({
      from: at(12),
      messagesFrom: at(11),
    });
  });

  it('is else the checkpoint of the change stream', () => {
    expect(firstStartTimes({ startAt: null, checkpointAt: at(5) })).toEqual({
      from: at(5),
      messagesFrom: at(4),
    });
  });

  it('is else none: the end', () => {
    expect(firstStartTimes({ startAt: null, checkpointAt: null })).toBeNull();
  });
});
