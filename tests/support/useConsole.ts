import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import {
  openCentralDatabase,
  type CentralDatabase,
} from '../../scripts/harness/centralDatabase.ts';
import { stateCollections, type StateCollections } from '../../src/mongo/database.ts';
import { ensureListIndexes, ensureStateCollections } from '../../src/mongo/indexes.ts';
import { openConsoleApp, type ConsoleApp } from './consoleApp.ts';
import { useServers, type TestServers } from './servers.ts';

/** What a test of the console has: real servers, the reference tables, the worker's collections, and the console. */
interface ConsoleWorld {
  readonly servers: TestServers;
  readonly central: CentralDatabase;
  readonly state: StateCollections;
  /** May change the three steps. */
  readonly app: ConsoleApp;
  /** Another one, with other settings; `MYSQL_ADMIN_URI` only if it is among them. Closed after its test. */
  another(settings: Readonly<Record<string, string>>): ConsoleApp;
  /** Rows of the central database. */
  rowsOf(sql: string): Promise<readonly Record<string, unknown>[]>;
  /** What the audit has, the latest last, without the times. */
  audited(): Promise<readonly Record<string, unknown>[]>;
}

/** Call once per file, with `import.meta.url`; the result is for hooks and tests. */
export function useConsole(testFile: string): () => ConsoleWorld {
  const servers = useServers(testFile);
  const others: ConsoleApp[] = [];
  let world: ConsoleWorld | null = null;

  beforeAll(async () => {
    const { mongodbUri, mysqlUri, database, db, mysql } = servers();
    const settings = {
      MONGODB_URI: mongodbUri,
      MYSQL_URI: mysqlUri,
      MONGODB_DATABASE: database,
      EGRESS_ALLOW_CIDRS: '127.0.0.0/8,::1',
    };
    const central = await openCentralDatabase(mysqlUri);
    const state = stateCollections(db);
    await ensureStateCollections(state);
    await ensureListIndexes(state);
    world = {
      ...{ servers: servers(), central, state },
      app: openConsoleApp({ ...settings, MYSQL_ADMIN_URI: mysqlUri }),
      another(more) {
        const app = openConsoleApp({ ...settings, ...more });
        others.push(app);
        return app;
      },
      async rowsOf(sql) {
        const [rows] = await mysql.query(sql);
        return rows as Record<string, unknown>[];
      },
      async audited() {
        const rows = await state.audit.find({}, { sort: { _id: 1 } }).toArray();
        return rows.map(({ user, what, on }) => ({ user, what, on }));
      },
    };
  });
  beforeEach(async () => {
    await world?.state.audit.deleteMany({});
  });
  afterEach(async () => {
    await Promise.all(others.splice(0).map(async (each) => await each.close()));
  });
  afterAll(async () => {
    await world?.app.close();
    await world?.central.close();
  });

  return () => {
    if (world === null) throw new Error('only from the first beforeAll on');
    return world;
  };
}
