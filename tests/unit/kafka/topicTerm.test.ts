import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { fromTopicPosition, toTopicPosition } from '../../../src/kafka/topicPosition.ts';
import type { CommitResult } from '../../../src/kafka/topicConsumer.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aPosition } from '../../support/builders.ts';
import { deferred } from '../../support/fakePorts.ts';
import { watch } from '../../support/recorders.ts';
import { aMessage, aTerm, idOf, type TermUnderTest } from './terms.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const at = (offset: number) => toTopicPosition({ offset, at: aPosition(offset).wallTime });
const settle = async (): Promise<void> => await jest.advanceTimersByTimeAsync(0);

describe('reading a term', () => {
  it('brings the messages in their order, those that came before and those that it waits for', async () => {
    const term = aTerm();
    for (let offset = 0; offset < 600; offset += 1) term.push(aMessage(offset));
    expect(term.waiting).toBe(600);
    for (let offset = 0; offset < 600; offset += 1) {
      expect(idOf(await term.partition.read())).toBe(`at ${offset}`);
    }
    expect(term.waiting).toBe(0);
    const read = term.partition.read();
    term.push(aMessage(600));
    expect(idOf(await read)).toBe('at 600');
    expect(term.nextOffset).toBe(601);
  });

  it('counts a large message that waits for several', async () => {
    const term = aTerm();
    term.push({ ...aMessage(0), value: new Uint8Array(3 * 32 * 1024) });
    expect(term.waiting).toBe(4);
    await term.partition.read();
    expect(term.waiting).toBe(0);
  });

  it('comes back after a second without a message, where it was', async () => {
    const term = aTerm({ offset: 7 });
    const read = term.partition.read();
    await jest.advanceTimersByTimeAsync(999);
    expect(watch(read).isSettled).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(await read).toEqual({ kind: 'passed', position: at(7) });
  });

  it('that is waiting ends with the term, and with the membership', async () => {
    const stopped = aTerm();
    const reads = [stopped.partition.read()];
    stopped.stop();
    const ofMember = aTerm();
    reads.push(ofMember.partition.read());
    ofMember.memberStopping.abort(new Stopping());
    for (const read of reads) await expect(read).rejects.toBeInstanceOf(Stopping);
  });

  it('drops what was not read when the term ends, and what still comes', async () => {
    for (const end of ['stop', 'close', 'lose'] as const) {
      const term = aTerm();
      term.push(aMessage(0));
      term[end]('gone');
      term.push(aMessage(1));
      expect(term.waiting).toBe(0);
      await expect(term.partition.read()).rejects.toBeInstanceOf(Stopping);
    }
  });
});

describe('a term that nothing more comes to', () => {
  it('is as new as the moment it was said, at the same offset', async () => {
    const term = aTerm({ offset: 5 });
    const now = aPosition(99).wallTime;
    term.caughtUp(now);
    const read = term.partition.read();
    await jest.advanceTimersByTimeAsync(1_000);
    const { position } = (await read) as { position: ReturnType<typeof at> };
    expect(fromTopicPosition(position)).toEqual({ offset: 5, at: aPosition(5).wallTime });
    expect(position.wallTime).toEqual(now);
  });

  it('is not while a message is still to be read', async () => {
    const term = aTerm();
    term.push(aMessage(0));
    term.caughtUp(aPosition(99).wallTime);
    await term.partition.read();
    const read = term.partition.read();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await read).toMatchObject({ position: { wallTime: aPosition(0).wallTime } });
  });

  it('has caught up once the messages that had come are being processed, though offsets are missing', async () => {
    const term = aTerm();
    term.push(aMessage(5));
    term.push(aMessage(9));
    const caughtUp = term.partition.caughtUp();
    const seen = watch(caughtUp);
    await term.partition.read();
    await term.partition.read();
    await settle();
    expect(seen.isSettled).toBe(false);
    const next = term.partition.read();
    await caughtUp;
    term.stop();
    await expect(next).rejects.toBeInstanceOf(Stopping);
  });
});

describe('saving a term', () => {
  it('commits until it is closed, also when it is stopped', async () => {
    const term = aTerm();
    expect(await term.partition.save(at(1))).toBe('saved');
    term.stop();
    expect(await term.partition.save(at(2))).toBe('saved');
    term.close();
    expect(await term.partition.save(at(3))).toBe('fenced');
    expect(term.committed.map((each) => fromTopicPosition(each).offset)).toEqual([1, 2]);
    expect(term.isLost).toBe(false);
  });

  it('commits nothing once it is lost', async () => {
    const term = aTerm();
    term.lose('the session is over');
    expect(await term.partition.save(at(1))).toBe('fenced');
    expect(term.committed).toEqual([]);
    expect(term.partition.isHeld()).toBe(false);
    expect(term.logger.of('partition_lost')).toMatchObject([
      { level: 'warn', fields: { partition: 3, cause: 'the session is over' } },
    ]);
  });

  it('that is fenced off loses it', async () => {
    const term = aTerm({ commit: () => Promise.resolve('fenced') });
    expect(await term.partition.save(at(1))).toBe('fenced');
    expect(term.isLost).toBe(true);
    expect(term.partition.stopping.aborted).toBe(true);
  });

  it('is waited for by whoever lets the partition pass on, whether it succeeds or not', async () => {
    const answer = deferred<'committed'>();
    const term = aTerm({ commit: () => answer.promise });
    const saving = term.partition.save(at(1));
    await settle();
    term.close();
    const committing = term.committing();
    const seen = watch(committing);
    await settle();
    expect(seen.isSettled).toBe(false);
    answer.reject(new Error('no broker answers'));
    await expect(saving).rejects.toThrow('no broker answers');
    await committing;
  });
});

describe('commits of a term', () => {
  const offsets = (term: TermUnderTest): number[] =>
    term.committed.map((each) => fromTopicPosition(each).offset);

  it('are made one at a time, so that none takes the offset back', async () => {
    const answers = [deferred<CommitResult>(), deferred<CommitResult>()];
    let asked = 0;
    const term = aTerm({
      commit: async () => (await answers[asked++]?.promise) ?? 'committed',
    });
    const saves = [term.partition.save(at(3))];
    await settle();
    saves.push(term.partition.save(at(5)));
    await jest.advanceTimersByTimeAsync(9_000);
    expect(offsets(term)).toEqual([3]);
    answers[0]?.reject(new Error('no broker answers'));
    await expect(saves[0]).rejects.toThrow('no broker answers');
    await settle();
    expect(offsets(term)).toEqual([3, 5]);
    answers[1]?.resolve('committed');
    expect(await saves[1]).toBe('saved');
  });

  it('are repeated while the group rebalances, with the newest position', async () => {
    const results: CommitResult[] = ['rebalancing', 'rebalancing'];
    const term = aTerm({ commit: () => Promise.resolve(results.shift() ?? 'committed') });
    const saves = [term.partition.save(at(3))];
    await jest.advanceTimersByTimeAsync(250);
    saves.push(term.partition.save(at(5)));
    await jest.advanceTimersByTimeAsync(250);
    expect(await Promise.all(saves)).toEqual(['saved', 'saved']);
    expect(offsets(term)).toEqual([3, 3, 5, 5]);
    expect(term.isLost).toBe(false);
  });

  it('are given up when the group does not stop rebalancing', async () => {
    const term = aTerm({ commit: () => Promise.resolve('rebalancing') });
    const saving = expect(term.partition.save(at(3))).rejects.toThrow('does not stop');
    await jest.advanceTimersByTimeAsync(6_000);
    await saving;
    expect(term.isLost).toBe(false);
  });

  it('are not repeated once the term is over', async () => {
    for (const end of ['close', 'lose'] as const) {
      const term = aTerm({ commit: () => Promise.resolve('rebalancing') });
      const saving = term.partition.save(at(3));
      await settle();
      term[end]('gone');
      expect(await saving).toBe('fenced');
      expect(offsets(term)).toEqual([3]);
      await term.committing();
    }
  });
});

describe('a term', () => {
  it('is held by a member only, and until it is closed', () => {
    let isMember = true;
    const term = aTerm({ isMember: () => isMember });
    expect(term.partition.isHeld()).toBe(true);
    isMember = false;
    expect(term.partition.isHeld()).toBe(false);
    isMember = true;
    term.stop();
    expect(term.partition.isHeld()).toBe(true);
    term.close();
    expect(term.partition.isHeld()).toBe(false);
  });

  it('passes on when it is released, also when what is remembered can’t be written', async () => {
    const term = aTerm({ released: () => Promise.reject(new Error('no primary')) });
    const seen = watch(term.released);
    await settle();
    expect(seen.isSettled).toBe(false);
    await expect(term.partition.release()).rejects.toThrow('no primary');
    await term.released;
  });

  it('that ended as it should is not lost any more', () => {
    const term = aTerm();
    term.close();
    term.lose('this worker leaves the group');
    expect(term.isLost).toBe(false);
    expect(term.logger.lines).toEqual([]);
  });
});
