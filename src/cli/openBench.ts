import type { Config } from '../../config/config.ts';
import { openMysql, openRoutes, openSender } from '../connections.ts';
import { openMongo } from '../mongo/connect.ts';
import type { QueryFile } from '../mysql/routeQuery.ts';
import type { Teardown } from '../runtime/teardown.ts';
import type { Bench } from './command.ts';
import { silentLogger } from './silentLogger.ts';

type Given = Pick<Bench, 'version' | 'stopping' | 'progress'> & {
  readonly alternativeQuery: QueryFile;
};

/** Opens each thing when it is first asked for, as the worker would. */
export function openBench(config: Config, given: Given, teardown: Teardown): Bench {
  const { version, stopping, progress, alternativeQuery: alternative } = given;
  const mysql = once(() => {
    const { uri, ca } = config.mysql;
    return openMysql({ uri, ca: ca?.text ?? null, poolSize: 1, logger: silentLogger }, teardown);
  });
  const mongo = once(() => {
    const opened = openMongo(config.mongodb);
    teardown.add('the MongoDB client', opened.close);
    return opened;
  });
  return {
    config,
    version,
    stopping,
    progress,
    async mongo() {
      await mongo().connect();
      return mongo();
    },
    mysql,
    routeQuery: once(() => openRoutes(config, { client: mysql(), alternative })),
    sender: once(() => openSender(config, { maxInFlight: 1, version, now: Date.now }, teardown)),
  };
}

function once<Value>(open: () => Value): () => Value {
  let opened: { readonly value: Value } | null = null;
  return () => {
    opened ??= { value: open() };
    return opened.value;
  };
}
