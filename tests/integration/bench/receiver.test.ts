import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  goReceiver,
  startReceiver,
  type BenchReceiver,
  type Built,
} from '../../../scripts/bench/receiver.ts';
import { until } from '../../support/until.ts';

const go = await goReceiver();
const built: [name: string, Built | null][] = [['Node', null]];
if (go !== null) built.push(['Go', go]);

describe.each(built)('the receiver in %s', (_name, each) => {
  let receiver: BenchReceiver;
  const callers = new Set<AbortController>();
  beforeAll(async () => {
    receiver = await startReceiver(each);
  });
  afterEach(() => {
    for (const caller of callers) caller.abort();
    callers.clear();
  });
  afterAll(async () => await receiver.close());

  const call = (path: string, id: string): { answer: Promise<number>; leave: () => void } => {
    const caller = new AbortController();
    callers.add(caller);
    const { signal } = caller;
    const headers = { 'webhook-id': id };
    const answer = fetch(receiver.url(path), { method: 'POST', body: '{}', headers, signal }).then(
      ({ status }) => status,
    );
    answer.catch(() => undefined);
    return { answer, leave: () => caller.abort() };
  };
  const countsOf = async (path: string) => (await receiver.paths()).get(path);

  it('answers 200 and counts what came once and twice', async () => {
    await receiver.reset();
    expect(await call('/hook/1', 'a').answer).toBe(200);
    const [first] = [...(await receiver.arrivals()).values()];
    expect(await call('/hook/1', 'a').answer).toBe(200);
    expect(await receiver.count()).toEqual({ calls: 2, notifications: 1 });
    expect([...(await receiver.arrivals()).keys()]).toEqual(['a']);
    expect(first).toBeGreaterThan(0);
    expect(await countsOf('/hook/1')).toMatchObject({ calls: 2, accepted: 2, inFlight: 0 });
  });

  it('refuses by path, and that is no arrival', async () => {
    await receiver.reset({ '/': { delayMs: 1 }, '/hook/1': { statusCode: 503 } });
    expect(await call('/hook/1', 'a').answer).toBe(503);
    expect(await call('/hook/10', 'b').answer).toBe(200);
    expect([...(await receiver.arrivals()).keys()]).toEqual(['b']);
    expect(await countsOf('/hook/1')).toMatchObject({ calls: 1, accepted: 0 });
  });

  it('keeps the counts when it is to behave differently', async () => {
    await receiver.reset({ '/hook/': { statusCode: 500 } });
    await call('/hook/1', 'a').answer;
    await receiver.behave({});
    expect(await call('/hook/1', 'a').answer).toBe(200);
    expect(await countsOf('/hook/1')).toMatchObject({ calls: 2, accepted: 1 });
  });

  it('counts what is in flight at a time, until the caller has gone', async () => {
    await receiver.reset({ '/hook/1': { hang: true }, '/hook/2': { delayMs: 60_000 } });
    const calls = ['a', 'b', 'c'].map((id) => call('/hook/1', id));
    const late = call('/hook/2', 'd');
    await until('all are there', async () => (await receiver.count()).calls === 4);
    expect(await countsOf('/hook/1')).toMatchObject({ inFlight: 3, maxInFlight: 3, accepted: 0 });
    for (const { leave } of [...calls, late]) leave();
    await until('none is left', async () =>
      [...(await receiver.paths()).values()].every(({ inFlight }) => inFlight === 0),
    );
    expect(await countsOf('/hook/1')).toMatchObject({ maxInFlight: 3 });
  });

  it('refuses connections while it is away, and comes back at its address', async () => {
    const before = await startReceiver(each, '127.0.0.2:0');
    const url = before.url('/hook/1');
    expect((await fetch(url)).status).toBe(200);
    await before.close();
    await expect(fetch(url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    const after = await startReceiver(each, before.address);
    expect(after.url('/hook/1')).toBe(url);
    expect((await fetch(url)).status).toBe(200);
    await after.close();
  });

  it('does not count what began before it forgot', async () => {
    await receiver.reset({ '/hook/': { hang: true } });
    const old = call('/hook/1', 'a');
    await until('it is there', async () => (await receiver.count()).calls === 1);
    await receiver.reset();
    old.leave();
    expect(await call('/hook/1', 'b').answer).toBe(200);
    expect(await countsOf('/hook/1')).toMatchObject({ inFlight: 0, maxInFlight: 1 });
  });
});
