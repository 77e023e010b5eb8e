import type { CountedSpan } from '../../src/domain/countedSpan.ts';
import type { StateCollections } from '../../src/mongo/database.ts';
import { createEndpointStatsStore } from '../../src/mongo/endpointStats.ts';

/** Writes statistics as a worker does, and waits until all can read them. */
export async function writeStats(
  state: StateCollections,
  spans: readonly CountedSpan[],
): Promise<void> {
  await createEndpointStatsStore(state).write(spans);
  await untilReadable(state);
}

/** What was written with less before can be read with majority. */
export async function untilReadable({ endpointStats }: StateCollections): Promise<void> {
  // Writes nothing, and waits for what was written last.
  await endpointStats.deleteOne({ _id: 'nobody' }, { writeConcern: { w: 'majority' } });
}
