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
  const own = async (
    name: string,
    starting: Promise<{ readonly uri: string; close(): Promise<void> }>,
  ): Promise<string> => {
    const server = await starting;
    teardown.add(name, server.close);
    return server.uri;
  };
  const uris = await Promise.allSettled([
    env['MONGODB_URI'] || own('MongoDB', startReplicaSet(replicaSet)),
    env['MYSQL_URI'] || own('MySQL', startMysql()),
  ]);
  const [mongodb, mysql] = uris;
  if (mongodb.status === 'fulfilled' && mysql.status === 'fulfilled') {
    return { mongodbUri: mongodb.value, mysqlUri: mysql.value, stop: teardown.run };
  }
  await teardown.run();
  const failures = uris.flatMap((uri) =>
    uri.status === 'rejected' ? [uri.reason as unknown] : [],
  );
  throw failures.length === 1 ? failures[0] : new AggregateError(failures, failures.join('\n'));
}
