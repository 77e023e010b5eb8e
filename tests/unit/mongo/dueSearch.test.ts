import { describe, expect, it } from '@jest/globals';
import { createDueSearch } from '../../../src/mongo/dueSearch.ts';

const at = (second: number): Date => new Date(second * 1_000);

describe('a search for due rows', () => {
  it('begins where the last one of its endpoint ended', () => {
    const search = createDueSearch(() => 0);
    expect(search.range('a')).toEqual({});
    search.claimed('a', at(3));
    expect(search.range('a')).toEqual({ nextAttemptAt: { $gte: at(3) } });
    expect(search.range('b')).toEqual({});
    search.claimed('a', at(5));
    expect(search.range('a')).toEqual({ nextAttemptAt: { $gte: at(5) } });
  });

  it('begins at the start once a second, however often it goes on', () => {
    let nowMs = 0;
    const search = createDueSearch(() => nowMs);
    for (; nowMs < 1_000; nowMs += 100) search.claimed('a', at(nowMs));
    expect(search.range('a')).toEqual({});
    search.claimed('a', at(1));
    nowMs += 999;
    expect(search.range('a')).toEqual({ nextAttemptAt: { $gte: at(1) } });
  });

  it.each([null, undefined, 7, 'yesterday'])(
    'begins at the start when the last one came to the end, or to %s',
    (lastDueSince) => {
      const search = createDueSearch(() => 0);
      search.claimed('a', at(3));
      search.claimed('a', lastDueSince);
      expect(search.range('a')).toEqual({});
    },
  );

  it('remembers no more than a thousand endpoints', () => {
    const search = createDueSearch(() => 0);
    for (let index = 0; index <= 1_000; index += 1) search.claimed(`e${index}`, at(3));
    expect(search.range('e0')).toEqual({});
    expect(search.range('e1000')).toEqual({ nextAttemptAt: { $gte: at(3) } });
  });
});
