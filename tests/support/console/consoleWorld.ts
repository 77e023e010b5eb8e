import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { startConsole, type ConsoleProcess } from '../../../scripts/harness/consoleProcess.ts';
import { openCentralDatabase } from '../../../scripts/harness/centralDatabase.ts';
import { startWorker } from '../../../scripts/harness/workerProcess.ts';
import type { Teardown } from '../../../src/runtime/teardown.ts';
import { createTeardown } from '../../../src/runtime/teardown.ts';
import { startReceiver } from '../receiver.ts';
import { useServers, type TestServers } from '../servers.ts';
import { openBrowser, type Visit, type VisitOptions } from './browser.ts';
import { seedStories, type Seeded, type Seeding } from './seedStories.ts';
import { addPeople } from './users.ts';

/** A console beside a worker that has much to tell, and a browser. */
export interface ConsoleWorld
  extends Seeded, Pick<Seeding, 'db' | 'central' | 'receiver' | 'settings'> {
  /** Of the console. */
  readonly origin: string;
  readonly console: ConsoleProcess;
  /** Opens a window of its own, signed in unless `role` is null. Closed after the file. */
  visit(options?: VisitOptions): Promise<Visit>;
}

const START_LIMIT_MS = 180_000;

/** Call once per file, with `import.meta.url`; the result is for hooks and tests. */
export function useConsole(testFile: string): () => ConsoleWorld {
  const servers = useServers(testFile);
  const teardown = createTeardown();
  let world: ConsoleWorld | null = null;
  beforeAll(async () => {
    world = await openWorld(servers(), teardown);
  }, START_LIMIT_MS);
  afterAll(async () => {
    await teardown.run();
  });
  return () => {
    if (world === null) throw new Error('the console is there from the first beforeAll on');
    return world;
  };
}

async function openWorld(
  { mongodbUri, mysqlUri, database, db }: TestServers,
  teardown: Teardown,
): Promise<ConsoleWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'notify-on-delivery-console-'));
  teardown.add('the folder', async () => {
    await Promise.resolve(rmSync(folder, { recursive: true, force: true }));
  });
  const central = await openCentralDatabase(mysqlUri);
  teardown.add('the central database', central.close);
  const receiver = await startReceiver();
  teardown.add('the receiver', receiver.close);
  const usersFile = join(folder, 'console-users');
  await addPeople(usersFile);
  const settings = {
    MONGODB_URI: mongodbUri,
    MONGODB_DATABASE: database,
    MYSQL_URI: mysqlUri,
    EGRESS_ALLOW_CIDRS: '127.0.0.0/8',
    LEASE_TTL: '3s',
    HTTP_THREADS: '0',
  };
  const seeded = await seedStories({
    ...{ db, central, receiver, settings },
    async startWorker(more) {
      const worker = startWorker({ ...settings, ...more });
      teardown.add('a worker', async () => void (await worker.kill()));
      await worker.ready();
      return worker;
    },
  });
  const console = startConsole({
    ...settings,
    MYSQL_ADMIN_URI: mysqlUri,
    CONSOLE_USERS_FILE: usersFile,
  });
  teardown.add('the console', async () => void (await console.stop()));
  const origin = await console.origin();
  const browser = await openBrowser(origin);
  teardown.add('the browser', browser.close);
  const { visit } = browser;
  return { ...seeded, db, central, receiver, settings, origin, console, visit };
}
