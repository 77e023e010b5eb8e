import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { gatherLines } from '../../../src/observability/gatherLines.ts';

function gathering() {
  const written: string[] = [];
  const write = (text: string): boolean => {
    written.push(text);
    return true;
  };
  return { written, ...gatherLines({ write }) };
}

describe('lines', () => {
  it('of one turn of the event loop are written in one piece, in their order', async () => {
    const { written, stream } = gathering();
    stream.write('one\n');
    stream.write('two\n');
    expect(written).toEqual([]);
    await turn();
    stream.write('three\n');
    await turn();
    expect(written).toEqual(['one\ntwo\n', 'three\n']);
  });

  it('are written at once when the process ends, and only once', async () => {
    const { written, stream, flush } = gathering();
    stream.write('last\n');
    flush();
    flush();
    await turn();
    expect(written).toEqual(['last\n']);
  });
});
