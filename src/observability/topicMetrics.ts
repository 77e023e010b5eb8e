import { Counter, Gauge, type Registry } from 'prom-client';
import { unreadableReasons } from '../ports/topic.ts';
import type { TopicMetrics } from '../ports/telemetry.ts';

const PREFIX = 'notify_on_delivery_';

/** The series of a worker that takes statuses from a topic. `now` is in milliseconds. */
export function createTopicMetrics(registry: Registry, now: () => number): TopicMetrics {
  const registers = [registry];
  const lag = new Gauge({
    name: `${PREFIX}partition_lag`,
    help: "Messages of a partition of this worker's that it has not read",
    labelNames: ['partition'],
    registers,
  });
  const rebalances = new Counter({
    name: `${PREFIX}rebalances_total`,
    help: 'Partitions that came to this worker or went, by how',
    labelNames: ['kind'],
    registers,
  });
  for (const kind of ['assigned', 'revoked', 'lost']) rebalances.inc({ kind }, 0);
  const unreadable = new Counter({
    name: `${PREFIX}unreadable_messages_total`,
    help: "Messages that were passed over because they can't be used",
    labelNames: ['reason'],
    registers,
  });
  for (const reason of [...unreadableReasons, 'other_collection']) unreadable.inc({ reason }, 0);
  let newestAtMs: number | null = null;
  registry.registerMetric(
    new Gauge({
      name: `${PREFIX}source_age_seconds`,
      help: 'Age of the newest message, heartbeats of the connector among them',
      registers: [],
      collect() {
        if (newestAtMs === null) this.remove();
        else this.set(Math.max(0, (now() - newestAtMs) / 1000));
      },
    }),
  );
  return {
    partitionLag(partition, messages) {
      if (messages === null) lag.remove({ partition });
      else lag.set({ partition }, messages);
    },
    rebalanced: (kind, partitions) => rebalances.inc({ kind }, partitions),
    messageUnreadable: (reason) => unreadable.inc({ reason }),
    messageWritten(atMs) {
      if (atMs >= 0) newestAtMs = Math.max(newestAtMs ?? 0, atMs);
    },
  };
}
