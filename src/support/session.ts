import type { Config } from '../../config/config.ts';
import { openMysql, openRoutes, openSender } from '../connections.ts';
import { openMongo, type MongoConnection } from '../mongo/connect.ts';
import type { MysqlClient } from '../mysql/connect.ts';
import type { QueryFile, RouteQuery } from '../mysql/routeQuery.ts';
import type { WebhookSender } from '../ports/notify.ts';
import { silentLogger } from '../runtime/logger.ts';
import type { Teardown } from '../runtime/teardown.ts';

export interface SessionOptions {
  readonly version: string;
  readonly alternativeQuery: QueryFile;
  /** What runs for long stops where it can go on later. */
  readonly stopping: AbortSignal;
  /** How many may ask each server at once; one when absent. */
  readonly connections?: number;
}

/** What questions and acts work with. What is opened is closed by the teardown. */
export interface Session extends Pick<SessionOptions, 'version' | 'stopping'> {
  readonly config: Config;
  /** Connected. Rejects with what is wrong with each server. */
  mongo(): Promise<MongoConnection>;
  mysql(): MysqlClient;
  routeQuery(): RouteQuery;
  sender(): WebhookSender;
}

/** Opens each thing when it is first asked for, as the worker would. */
export function openSession(config: Config, options: SessionOptions, teardown: Teardown): Session {
  const { version, stopping, alternativeQuery: alternative, connections = 1 } = options;
  const mysql = once(() => {
    const { server } = config.mysql;
    return openMysql({ server, poolSize: connections, logger: silentLogger }, teardown);
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
    async mongo() {
      await mongo().connect();
      return mongo();
    },
    mysql,
    routeQuery: once(() => openRoutes(config, { client: mysql(), alternative })),
    sender: once(() =>
      openSender(
        config,
        { maxInFlight: connections, version, now: Date.now, threading: null },
        teardown,
      ),
    ),
  };
}

function once<Value>(open: () => Value): () => Value {
  let opened: { readonly value: Value } | null = null;
  return () => {
    opened ??= { value: open() };
    return opened.value;
  };
}

/** The request can't be carried out. The message tells the user why in one sentence. */
export class Refused extends Error {
  override readonly name = 'Refused';
}
