import { availableParallelism } from 'node:os';
import type { Config } from '../config/config.ts';
import { createThreadedSender, type ThreadedSenderOptions } from './http/threads/threadedSender.ts';
import { createWebhookSender, type WebhookSenderOptions } from './http/webhookSender.ts';
import { createMysqlClient, type MysqlClient } from './mysql/connect.ts';
import { openRouteQuery, type QueryFile, type RouteQuery } from './mysql/routeQuery.ts';
import type { WebhookSender } from './ports/notify.ts';
import type { Logger } from './runtime/logger.ts';
import type { Teardown } from './runtime/teardown.ts';

/** How soon it is noticed that MySQL can't be reached. */
const CONNECT_TIMEOUT_MS = 5_000;

interface MysqlTo {
  readonly server: Config['mysql']['server'];
  readonly poolSize: number;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Connects when it is first asked. Throws a `ConfigurationError` for what the driver can't use. */
export function openMysql({ server, poolSize, logger }: MysqlTo, teardown: Teardown): MysqlClient {
  const client = createMysqlClient({
    server,
    poolSize,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    logger,
  });
  teardown.add('the MySQL client', client.close);
  return client;
}

/** Throws a `ConfigurationError` for a text that is no route query. */
export function openRoutes(
  { mysql, egress }: Config,
  { client, alternative }: { readonly client: MysqlClient; readonly alternative: QueryFile },
): RouteQuery {
  const { timeoutMs, routeQuery } = mysql;
  const { text, path } = routeQuery;
  const { schemes } = egress;
  return openRouteQuery({ client, text, file: path, alternative, schemes, timeoutMs });
}

export function openSender(
  { call, egress, limits }: Config,
  options: {
    readonly maxInFlight: number;
    readonly version: string;
    /** In milliseconds, for what is written into calls and records. */
    readonly now: () => number;
    /** For threads, if the settings ask for any. Null: this thread makes the calls. */
    readonly threading: Pick<ThreadedSenderOptions, 'handOverMs' | 'logger' | 'metrics'> | null;
  },
  teardown: Teardown,
): WebhookSender {
  const settings: WebhookSenderOptions = {
    requestTimeoutMs: call.requestTimeoutMs,
    connectTimeoutMs: call.connectTimeoutMs,
    responseLimitBytes: call.responseLimitBytes,
    connectionMaxAgeMs: call.connectionMaxAgeMs,
    maxInFlight: options.maxInFlight,
    egress: egressOptions(egress),
    userAgent: userAgentOf(options.version),
    clock: { now: () => new Date(options.now()) },
  };
  const { threading } = options;
  const threads = limits.httpThreads ?? threadsFor(availableParallelism());
  const sender =
    threading === null || threads === 0
      ? createWebhookSender(settings)
      : createThreadedSender({
          ...settings,
          threads,
          handOverMs: threading.handOverMs,
          logger: threading.logger,
          metrics: threading.metrics,
        });
  teardown.add('the HTTP connections', sender.close);
  return sender;
}

/** As calls name their caller. */
export function userAgentOf(version: string): string {
  return `notify-on-delivery/${version}`;
}

/** The number of threads that make calls, on a machine with this many cores. */
export function threadsFor(cores: number): number {
  return cores <= 2 ? 0 : Math.min(cores - 1, 4);
}

/** As whoever opens connections to receivers wants it. */
export function egressOptions({ allowedRanges, proxy }: Config['egress']): {
  readonly allowedRanges: readonly string[];
  readonly proxy: URL | null;
} {
  return { allowedRanges, proxy: proxy === null ? null : new URL(proxy) };
}
