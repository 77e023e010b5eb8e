import { afterEach, beforeAll } from '@jest/globals';
import { createMysqlClient } from '../../src/mysql/connect.ts';
import { mysqlServerOf } from './mysqlServer.ts';
import { createRouteCache } from '../../src/mysql/routeCache.ts';
import { createRouteQuery } from '../../src/mysql/routeQuery.ts';
import { delay } from '../../src/runtime/abort.ts';
import { createMemoryLogger } from './memoryLogger.ts';
import type { TestServers } from './servers.ts';

/** What hits the questions about an account, or about one flow of it. */
export interface Trouble {
  readonly account: number;
  /** All of them when it is left out. */
  readonly flow?: number;
  readonly seconds?: number;
  /** The server's number of an error. */
  readonly errno?: number;
}

/** The account that checks ask about. */
export const nobody = 0;

const schema = `
  CREATE TABLE Trouble (accountID BIGINT, flowID BIGINT, seconds DOUBLE, errno INT);
  CREATE FUNCTION trouble(account BIGINT, flow BIGINT) RETURNS INT READS SQL DATA SQL SECURITY INVOKER
  BEGIN
    DECLARE howLong DOUBLE DEFAULT 0;
    DECLARE number INT DEFAULT 0;
    SELECT COALESCE(MAX(seconds), 0), COALESCE(MAX(errno), 0) INTO howLong, number FROM Trouble
      WHERE accountID = account AND (flowID IS NULL OR flowID = flow);
    DO SLEEP(howLong);
    IF number > 0 THEN
      SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = number, MESSAGE_TEXT = 'as the test wants it';
    END IF;
    RETURN 0;
  END`;

/** Where no trouble hits it, every account has a webhook. */
const text = `SELECT 'true' AS notify_on_delivery, 1 AS flow_webhook_enabled, 7 AS webhook_id,
  'https://hooks.example/sms' AS url, NULL AS headers, NULL AS secret
  FROM (SELECT :accountId AS account, :flowId AS flow) AS asked WHERE trouble(account, flow) = 0`;

interface RoutesOptions {
  readonly uri?: string;
  readonly timeoutMs?: number;
  readonly query?: string;
}

/** The worker's whole way to a route, before a real server that is troubled as the test wants it. */
export function useTroubledRoutes(servers: () => TestServers) {
  let close: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    await servers().mysql.query(schema);
  });
  afterEach(async () => {
    for (const each of close) await each();
    close = [];
    await servers().mysql.query('DELETE FROM Trouble');
  });

  return {
    async disturb(...troubles: readonly Trouble[]): Promise<void> {
      for (const { account, flow = null, seconds = 0, errno = 0 } of troubles) {
        const row = [account, flow, seconds, errno];
        await servers().mysql.query('INSERT INTO Trouble VALUES (?, ?, ?, ?)', row);
      }
    },
    async fix(): Promise<void> {
      await servers().mysql.query('DELETE FROM Trouble');
    },
    start({ uri = servers().mysqlUri, timeoutMs = 1_000, query: own = text }: RoutesOptions = {}) {
      const logger = createMemoryLogger();
      const server = mysqlServerOf(uri);
      const client = createMysqlClient({ server, poolSize: 5, connectTimeoutMs: 2_000, logger });
      const query = createRouteQuery({ client, file: 'my.sql', text: own, timeoutMs });
      const stop = new AbortController();
      close.push(async () => {
        stop.abort(new Error('the test is over'));
        await client.close();
      });
      const cache = createRouteCache({
        lookup: query.run,
        check: query.check,
        slots: 5,
        usesDeliveryStatus: query.usesDeliveryStatus,
        ...{ ttlMs: 30_000, staleMs: 0, size: 1_000, logger },
        // Questions that nobody waits for any more go on: they would for seconds, over a closed client.
        delay: async (ms, signal) => await delay(ms, AbortSignal.any([signal, stop.signal])),
        metrics: { routeLookup: () => undefined },
      });
      /** Kinds of the answers, or names of the errors, in the order in which they came. */
      const notified: string[] = [];
      /** What comes of asking: a route's kind, or an error's name. */
      const find = async (accountId: number, flowId = 1): Promise<string> => {
        const key = { accountId, flowId, deliveryStatus: 'DELIVERED' };
        const came = await cache.find(key, stop.signal).then(
          ({ kind }) => kind,
          (error: unknown) => (error instanceof Error ? error.name : 'no error'),
        );
        notified.push(`${accountId} ${came}`);
        return came;
      };
      return {
        client,
        query,
        logger,
        find,
        notified,
        events: () => logger.lines.map(({ event }) => event),
      };
    },
  };
}
