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
});
