import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { settled } from '../support/settled.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

async function deliver(): Promise<string> {
  const document = newSms();
  await e2e().sms.insertOne(document);
  await setStatus(e2e().sms, document._id, 'DELIVERED');
  return document._id;
}

function holds(worker: WorkerProcess): boolean {
  const last = worker.lines.findLast(({ event }) => event.startsWith('lease_'));
  return last?.event === 'lease_taken';
}

beforeAll(async () => {
  const { central, receiver } = e2e();
  await central.optIn(28, 200, { url: receiver.url('/hook') });
});

describe('two workers', () => {
  it('share the work so that one does it, and the other is ready', async () => {
    const { worker, record, receiver } = e2e();
    const first = await worker();
    await first.line('lease_taken');
    const second = await worker();
    await second.line('standby');
    expect((await second.probe('/readyz'))?.body.components['stream']?.detail).toMatch(/standby/);
    const id = await deliver();
    await record(id);
    await settled(e2e());
    expect(receiver.requests('/hook')).toHaveLength(1);
    expect([holds(first), holds(second)]).toEqual([true, false]);
  });

  it('hand over at once on a clean stop: nothing is lost and nothing told twice', async () => {
    const { worker, receiver } = e2e();
    let active = await worker({ LEASE_TTL: '60s' });
    await active.line('lease_taken');
    const before = receiver.requests('/hook').length;
    let written = 0;
    let running = true;
    const writing = (async (): Promise<void> => {
      while (running) {
        await deliver();
        written += 1;
      }
    })();
    for (let round = 0; round < 4; round += 1) {
      const standby = await worker({ LEASE_TTL: '60s' });
      await standby.line('standby');
      expect(await active.stop()).toEqual({ code: 0, signal: null });
      await standby.line('lease_taken');
      active = standby;
    }
    running = false;
    await writing;
    await settled(e2e());
    const ids = receiver
      .requests('/hook')
      .slice(before)
      .map(({ headers }) => headers['webhook-id']);
    console.log(`${written} statuses over 4 hand-overs, ${ids.length} calls`);
    expect(new Set(ids).size).toBe(written);
    expect(ids).toHaveLength(written);
    await active.stop();
  });

  it('take over when the active one was killed, or froze and came back', async () => {
    const { worker, record, receiver } = e2e();
    const first = await worker();
    await first.line('lease_taken');
    const second = await worker();
    await second.line('standby');
    await first.kill();
    await second.line('lease_taken');
    await record(await deliver());

    const third = await worker();
    await third.line('standby');
    await second.signal('SIGSTOP');
    await third.line('lease_taken');
    const id = await deliver();
    await record(id);
    await second.signal('SIGCONT');
    await until('the frozen one has noticed', () => !holds(second));
    await record(await deliver());
    await settled(e2e());
    const calls = receiver
      .requests('/hook')
      .filter(({ headers }) => headers['webhook-id'] === `${id}:DELIVERED`);
    expect(calls).toHaveLength(1);
    await third.stop();
    await second.line('lease_taken');
  });
});
