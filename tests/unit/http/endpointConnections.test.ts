import { describe, expect, it } from '@jest/globals';
import { createReceiverTrust } from '../../../src/http/endpointConnections.ts';

describe('the trust in a receiver', () => {
  it('is earned by status, and by endpoint', () => {
    const trust = createReceiverTrust(() => 0);
    trust.wasQuiet('a', 200);
    expect(trust.isTrusted('a', 200)).toBe(false);
    trust.wasQuiet('a', 200);
    expect(trust.isTrusted('a', 200)).toBe(true);
    expect(trust.isTrusted('a', 204)).toBe(false);
    expect(trust.isTrusted('b', 200)).toBe(false);
  });

  it('is lost for a while, and then has to be earned again', () => {
    let now = 0;
    const trust = createReceiverTrust(() => now);
    trust.wasQuiet('a', 200);
    trust.wasQuiet('a', 200);
    trust.saidTooMuch('a');
    expect([trust.isDistrusted('a'), trust.isDistrusted('b')]).toEqual([true, false]);
    now = 86_400_000;
    expect([trust.isDistrusted('a'), trust.isTrusted('a', 200)]).toEqual([false, false]);
  });

  it('is kept of the ten thousand that were heard last', () => {
    const trust = createReceiverTrust(() => 0);
    for (let endpoint = 0; endpoint < 10_001; endpoint += 1) trust.saidTooMuch(String(endpoint));
    const known = ['0', '1', '10000'].map((endpoint) => trust.isDistrusted(endpoint));
    expect(known).toEqual([false, true, true]);
  });
});
