import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createRecentCount } from '../../../src/runtime/recentCount.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('what happened lately', () => {
  it('counts half after a while', () => {
    const recent = createRecentCount(100);
    expect(recent.count).toBe(0);
    for (let times = 0; times < 40; times += 1) recent.add();
    expect(recent.count).toBe(40);
    jest.advanceTimersByTime(100);
    expect(recent.count).toBe(20);
    jest.advanceTimersByTime(200);
    expect(recent.count).toBe(5);
    jest.advanceTimersByTime(5_000);
    expect(recent.count).toBe(0);
  });

  it('is what happens in 1.4 times as long at a steady rate', () => {
    const recent = createRecentCount(100);
    for (let ms = 0; ms < 2_000; ms += 10) {
      recent.add();
      jest.advanceTimersByTime(10);
    }
    expect(recent.count).toBe(14);
  });
});
