import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { createReadMark } from '../../../src/pipeline/readMark.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aPosition } from '../../support/builders.ts';

const { signal: never } = new AbortController();
const newMark = () => createReadMark(aPosition(3), (one, other) => one.wallTime >= other.wallTime);

describe('the mark of what was read', () => {
  it('is there at once where reading has been', async () => {
    await expect(newMark().reached(aPosition(3), never)).resolves.toBeUndefined();
  });

  it('lets those who wait go on when reading gets to them, and no sooner', async () => {
    const mark = newMark();
    const gone: number[] = [];
    for (const at of [5, 4]) void mark.reached(aPosition(at), never).then(() => gone.push(at));
    mark.moved(aPosition(4));
    await turn();
    expect(gone).toEqual([4]);
    mark.moved(aPosition(7));
    await turn();
    expect(gone).toEqual([4, 5]);
  });

  it('keeps nobody whose wait is over for another reason', async () => {
    const stop = new AbortController();
    const waiting = newMark().reached(aPosition(9), stop.signal);
    stop.abort(new Stopping());
    await expect(waiting).rejects.toThrow(Stopping);
    await expect(newMark().reached(aPosition(1), stop.signal)).rejects.toThrow(Stopping);
  });
});
