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
});
