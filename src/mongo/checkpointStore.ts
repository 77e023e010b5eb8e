import { Timestamp } from 'mongodb';
import type { StreamPosition } from '../domain/change.ts';
import type { CheckpointStore } from '../pipeline/ports.ts';
import { fromPosition, toPosition } from './position.ts';
import type { StateCollections } from './stateCollections.ts';

/** The stream's only partition, until there are several. */
const PARTITION = '0';

export function createCheckpointStore(
  checkpoints: StateCollections['checkpoints'],
  watched: { readonly namespace: string; readonly collectionUuid: unknown },
): CheckpointStore {
  return {
    async load() {
      const row = await checkpoints.findOne({ _id: PARTITION });
      if (row === null) return null;
      const clusterTime: unknown = row['clusterTime'];
      const wallTime: unknown = row['wallTime'];
      const token: unknown = row['token'] ?? null;
      const isWhole =
        clusterTime instanceof Timestamp && wallTime instanceof Date && typeof token === 'object';
      if (!isWhole) {
        throw new Error(
          `the checkpoint row '${PARTITION}' in ${checkpoints.namespace} is damaged: clusterTime must be a Timestamp, wallTime a Date and token a document or null`,
        );
      }
      return toPosition({ token, clusterTime }, wallTime);
    },
    async save(position: StreamPosition) {
      const { token, clusterTime } = fromPosition(position);
      await checkpoints.updateOne(
        { _id: PARTITION },
        {
          $set: {
            token,
            clusterTime,
            wallTime: position.wallTime,
            namespace: watched.namespace,
            collectionUuid: watched.collectionUuid,
          },
          $currentDate: { savedAt: true },
        },
        { upsert: true },
      );
    },
  };
}
