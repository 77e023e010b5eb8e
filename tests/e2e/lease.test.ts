import { hostname } from 'node:os';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { cliWith } from '../support/cli.ts';
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
  return last?.event === 'lease_acquired';
}

beforeAll(async () => {
  const { central, receiver } = e2e();
  await central.optIn(28, 200, { url: receiver.url('/hook') });
});

describe('two workers', () => {
  it('share the work so that one does it, and the other is ready', async () => {
    const { worker, record, receiver } = e2e();
    const first = await worker();
    await first.line('lease_acquired');
    const second = await worker();
    await second.line('standby');
    expect((await second.probe('/readyz'))?.body.components['stream']?.detail).toMatch(/standby/);
    const id = await deliver();
    await record(id);
    await settled(e2e());
    expect(receiver.requests('/hook')).toHaveLength(1);
    expect([holds(first), holds(second)]).toEqual([true, false]);
    const { settings } = e2e();
    const standsBy = { worker: `${hostname()}:${String((await second.line('started'))['pid'])}` };
    const shown = await until('the standby is shown', async () => {
      const { leases, standbys } = (await cliWith(settings, 'status', '--json')).json();
      return (standbys as unknown[]).length > 0 ? { leases, standbys } : null;
    });
    expect(shown).toMatchObject({ leases: [{ isHeld: true }], standbys: [standsBy] });
    const { stdout } = await cliWith(settings, 'status');
    expect(stdout).toMatch(/^worker +\S+ is active on partition 0, until /m);
    expect(stdout).toMatch(/^worker +\S+ stands by, seen /m);
    await second.stop();
    expect((await cliWith(settings, 'status', '--json')).json()).toMatchObject({ standbys: [] });
  });

  it('hand over at once on a clean stop: nothing is lost and nothing notified twice', async () => {
    const { worker, receiver } = e2e();
    let active = await worker({ LEASE_TTL: '60s' });
    await active.line('lease_acquired');
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
      await standby.line('lease_acquired');
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
    await first.line('lease_acquired');
    const second = await worker();
    await second.line('standby');
    await first.kill();
    await second.line('lease_acquired');
    await record(await deliver());

    const third = await worker();
    await third.line('standby');
    await second.signal('SIGSTOP');
    await third.line('lease_acquired');
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
    await second.line('lease_acquired');
  });
});
