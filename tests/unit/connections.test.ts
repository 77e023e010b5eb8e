import { describe, expect, it } from '@jest/globals';
import { threadsFor } from '../../src/connections.ts';

describe('the number of threads that make calls', () => {
  it('is none on one or two cores, and leaves a core to the main thread', () => {
    expect([1, 2, 3, 4, 5, 64].map(threadsFor)).toEqual([0, 0, 2, 3, 4, 4]);
  });
});
