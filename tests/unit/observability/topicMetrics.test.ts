import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '../../../src/observability/metrics.ts';

const series = 'notify_on_delivery_rebalances_total{kind="assigned"}';

describe('the metrics of a topic', () => {
  it('are not there without one', async () => {
    expect(await createMetrics().text()).not.toContain(series);
  });

  it('go on when a worker joins the group once more', async () => {
    const metrics = createMetrics();
    metrics.topic().rebalanced('assigned', 3);
    metrics.topic().rebalanced('assigned', 2);
    expect(await metrics.text()).toContain(`${series} 5`);
  });

  it('show the lag of own partitions only, and never that of the change stream', async () => {
    const metrics = createMetrics();
    const lag = /^notify_on_delivery_checkpoint_lag_seconds \d/m;
    const read = (): void => metrics.stateRead({ checkpointAt: new Date(0) });
    read();
    expect(await metrics.text()).toMatch(lag);
    metrics.topic();
    expect(await metrics.text()).not.toMatch(lag);
    metrics.leaseHeld('3', true);
    metrics.checkpointAt('3', new Date());
    read();
    expect(await metrics.text()).toMatch(lag);
    metrics.leaseHeld('3', false);
    read();
    expect(await metrics.text()).not.toMatch(lag);
  });

  it('show the lag of the partition furthest behind, of those that are held', async () => {
    const metrics = createMetrics(() => 100_000);
    const lag = async (): Promise<string | undefined> =>
      /^notify_on_delivery_checkpoint_lag_seconds (?<lag>.*)$/m.exec(await metrics.text())
        ?.groups?.['lag'];
    for (const partition of ['0', '1']) metrics.leaseHeld(partition, true);
    metrics.checkpointAt('0', new Date(98_000));
    metrics.checkpointAt('1', new Date(60_000));
    metrics.checkpointAt('0', new Date(99_000));
    expect(await lag()).toBe('40');
    metrics.leaseHeld('1', false);
    metrics.checkpointAt('0', new Date(99_000));
    expect(await lag()).toBe('1');
  });
});
