import { describe, expect, it } from '@jest/globals';
import { until } from '../../support/until.ts';

describe('until', () => {
  it('gives the first truthy value', async () => {
    let asked = 0;
    expect(await until('the third answer', () => (asked += 1) >= 3 && asked)).toBe(3);
  });

  it('takes a throwing condition for "not yet"', async () => {
    let asked = 0;
    const value = await until('the second answer', () => {
      asked += 1;
      if (asked < 2) throw new Error('too early');
      return 'there';
    });
    expect(value).toBe('there');
  });

  it('names what it waited for and the last value', async () => {
    const waiting = until('four tries', () => null, { timeoutMs: 30 });
    await expect(waiting).rejects.toThrow('not within 30 ms: four tries (last value null)');
  });

  it('names the last error and keeps it as the cause', async () => {
    const cause = new Error('no such row');
    const waiting = until('a row', () => Promise.reject(cause), { timeoutMs: 30 });
    await expect(waiting).rejects.toMatchObject({
      message: 'not within 30 ms: a row (it threw Error: no such row)',
      cause,
    });
  });

  it('does not wait for a condition that hangs', async () => {
    const waiting = until('an answer', () => new Promise<boolean>(() => {}), { timeoutMs: 30 });
    await expect(waiting).rejects.toThrow('the condition has not answered');
  });
});
