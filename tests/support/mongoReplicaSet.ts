import { afterAll, beforeAll } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import {
  startReplicaSet,
  type ReplicaSet,
  type ReplicaSetOptions,
} from '../../scripts/services/replicaSet.ts';
import { mongoClientFor } from './servers.ts';

export interface PrivateReplicaSet extends ReplicaSet {
  /** A client that no fault of `failCommands` concerns. */
  readonly admin: MongoClient;
}

/**
 * A replica set of the test file's own: to break it, to stop it, or to have fail points, of which a server
 * has one set for all its clients.
 */
export function usePrivateReplicaSet(options: ReplicaSetOptions = {}): () => PrivateReplicaSet {
  let running: PrivateReplicaSet | null = null;
  beforeAll(async () => {
    const set = await startReplicaSet(options);
    try {
      running = { ...set, admin: await mongoClientFor(set.uri, { appName: 'admin' }) };
    } catch (error) {
      await set.close();
      throw error;
    }
  }, 60_000);
  afterAll(async () => {
    await running?.admin.close();
    await running?.close();
  });
  return () => {
    if (running === null) throw new Error('the replica set is there from the first beforeAll on');
    return running;
  };
}
