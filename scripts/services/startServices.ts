import { createTeardown } from '../../src/runtime/teardown.ts';
import { startMysql } from './mysql.ts';
import { startReplicaSet, type ReplicaSetOptions } from './replicaSet.ts';

export interface Services {
  readonly mongodbUri: string;
  readonly mysqlUri: string;
  /** Kills what was started here and removes its data; leaves servers alone that were there before. */
  stop(): Promise<void>;
}

/**
 * A MongoDB replica set and a MySQL to work on: those of `MONGODB_URI` and `MYSQL_URI` where set, else
 * new and empty ones of our own. When one does not come up, nothing stays behind.
 */
export async function startServices(
  env: NodeJS.ProcessEnv = process.env,
  replicaSet: ReplicaSetOptions = {},
): Promise<Services> {
  const teardown = createTeardown();
  const own = async (name: string, start: () => Promise<Startable>): Promise<string> => {
    const server = await start();
    teardown.add(name, async () => await server.close());
    return server.uri;
  };
  const uris = await Promise.allSettled([
    env['MONGODB_URI'] || own('MongoDB', async () => await startReplicaSet(replicaSet)),
    env['MYSQL_URI'] || own('MySQL', async () => await startMysql()),
  ]);
  const [mongodb, mysql] = uris;
  if (mongodb.status === 'fulfilled' && mysql.status === 'fulfilled') {
    const stop = async (): Promise<void> => await teardown.run();
    return { mongodbUri: mongodb.value, mysqlUri: mysql.value, stop };
  }
  await teardown.run();
  const failures = uris.flatMap((uri) =>
    uri.status === 'rejected' ? [uri.reason as unknown] : [],
  );
  throw failures.length === 1 ? failures[0] : new AggregateError(failures, failures.join('\n'));
}

interface Startable {
  readonly uri: string;
  close(): Promise<void>;
}
