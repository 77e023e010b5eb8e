import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { gatherLines } from '../../../src/observability/gatherLines.ts';

function gathering() {
  const written: string[] = [];
  const write = (text: string): boolean => {
    written.push(text);
    return true;
  };
  return { written, ...gatherLines({ write }) };
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('lines', () => {
  it('of a moment are written in one piece, in their order', () => {
    const { written, stream } = gathering();
    stream.write('one\n');
    stream.write('two\n');
    expect(written).toEqual([]);
    jest.advanceTimersByTime(20);
    stream.write('three\n');
    jest.advanceTimersByTime(20);
    expect(written).toEqual(['one\ntwo\n', 'three\n']);
  });

  it('are written at once when the process ends, and only once', () => {
    const { written, stream, flush } = gathering();
    stream.write('last\n');
    flush();
    flush();
    jest.advanceTimersByTime(20);
    expect(written).toEqual(['last\n']);
  });
});
