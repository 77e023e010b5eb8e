import { describe, expect, it } from '@jest/globals';
import { createDueSearch } from '../../../src/mongo/dueSearch.ts';

const at = (second: number): Date => new Date(second * 1_000);

function createSearch() {
  const clock = { ms: 0 };
  const search = createDueSearch(() => clock.ms);
  const go = (endpointKey: string, end: unknown): Date | null => {
    const from = search.begin(endpointKey);
    search.end(endpointKey, end);
    return from;
  };
  return { clock, search, go };
}

describe('a search for due rows', () => {
  it('begins where the last one of its endpoint ended', () => {
    const { go } = createSearch();
    expect(go('a', at(3))).toBeNull();
    expect(go('b', at(9))).toBeNull();
    expect(go('a', at(5))).toEqual(at(3));
    expect(go('a', at(6))).toEqual(at(5));
  });

  it('begins at the start once a second, however often it goes on', () => {
    const { clock, go } = createSearch();
    const starts: number[] = [];
    for (; clock.ms < 3_500; clock.ms += 100) if (go('a', at(1)) === null) starts.push(clock.ms);
    expect(starts).toEqual([0, 1_000, 2_000, 3_000]);
  });

  it('begins at the start after a second, also where each search takes longer than that', () => {
    const { clock, search } = createSearch();
    const froms: (Date | null)[] = [];
    for (let second = 1; second <= 4; second += 1) {
      froms.push(search.begin('a'));
      clock.ms += 600;
      search.end('a', at(second));
    }
    expect(froms).toEqual([null, at(1), null, at(3)]);
  });

  it.each([null, undefined, 7, 'yesterday'])(
    'begins at the start when the last one came to the end, or to %s',
    (lastDueSince) => {
      const { go } = createSearch();
      go('a', at(3));
      go('a', lastDueSince);
      expect(go('a', null)).toBeNull();
    },
  );

  it('goes on where it was when one that was to go on came to nothing', () => {
    const { search, go } = createSearch();
    go('a', at(3));
    expect(search.begin('a')).toEqual(at(3));
    expect(search.begin('a')).toEqual(at(3));
    search.beginAtStart('a');
    expect(search.begin('a')).toBeNull();
  });

  it('remembers no more than a thousand endpoints', () => {
    const { go } = createSearch();
    for (let index = 0; index <= 1_000; index += 1) go(`e${index}`, at(3));
    expect(go('e1000', at(3))).toEqual(at(3));
    expect(go('e0', at(3))).toBeNull();
  });
});
