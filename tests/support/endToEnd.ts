import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import type { Collection } from 'mongodb';
import {
  openCentralDatabase,
  type CentralDatabase,
} from '../../scripts/harness/centralDatabase.ts';
import type { SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { startWorker, type WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { grantLeast } from './leastPrivileges.ts';
import { bodyProblems, headerProblems } from './notificationSchema.ts';
import { startReceiver, type Receiver } from './receiver.ts';
import { useServers, type TestServers } from './servers.ts';
import { until } from './until.ts';

/** What an end-to-end test has: real servers, the central tables, a receiver, workers on demand. */
export interface EndToEnd {
  readonly servers: TestServers;
  readonly central: CentralDatabase;
  readonly receiver: Receiver;
  readonly sms: Collection<SmsDocument>;
  /** The settings that lead a worker to this file's own databases. */
  readonly settings: Readonly<Record<string, string>>;
  /** Starts a worker and waits until it is ready. Killed after its test; one from `beforeAll` after the file. */
  worker(settings?: Readonly<Record<string, string>>): Promise<WorkerProcess>;
  /** Starts one without waiting. */
  startWorker(settings?: Readonly<Record<string, string>>): WorkerProcess;
  /** The document's `notify_on_delivery`, once it satisfies the condition. */
  record(id: string, condition?: (record: Record<string, unknown>) => boolean): Promise<unknown>;
}

/**
 * Call once per file, with `import.meta.url`; the result is for hooks and tests.
 *
 * @param readsOplog grants what is optional, too, where the servers ask for rights
 */
export function useEndToEnd(
  testFile: string,
  { readsOplog = false }: { readonly readsOplog?: boolean } = {},
): () => EndToEnd {
  const servers = useServers(testFile);
  const ofFile = new Set<WorkerProcess>();
  const ofTest = new Set<WorkerProcess>();
  let running = ofFile;
  let central: CentralDatabase | null = null;
  let receiver: Receiver | null = null;
  let guarded: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    central = await openCentralDatabase(servers().mysqlUri);
    receiver = await startReceiver();
    const caFile = process.env['TEST_CA_FILE'];
    if (caFile !== undefined) guarded = await grantLeast(servers(), { caFile, readsOplog });
  });
  beforeEach(() => {
    running = ofTest;
  });
  afterEach(async () => {
    running = ofFile;
    await killAll(ofTest);
  });
  afterAll(async () => {
    await killAll(ofFile);
    await receiver?.close();
    await central?.close();
    expect(receiver === null ? [] : undocumentedIn(receiver)).toEqual([]);
  });

  return () => {
    if (central === null || receiver === null) throw new Error('only from the first beforeAll on');
    const { mongodbUri, mysqlUri, database, db } = servers();
    const sms = db.collection<SmsDocument>('SMSDetailDocument');
    const settings = {
      MONGODB_URI: mongodbUri,
      MYSQL_URI: mysqlUri,
      MONGODB_DATABASE: database,
      ...guarded,
      LEASE_TTL: '3s',
      HTTP_THREADS: process.env['TEST_HTTP_THREADS'] ?? '',
      EGRESS_ALLOW_CIDRS: '127.0.0.0/8,::1',
    };
    const start = (more: Readonly<Record<string, string>> = {}): WorkerProcess => {
      // A server of the test's own has a certificate of its own, or none.
      const ca = more['MYSQL_URI'] === undefined ? {} : { MYSQL_CA_FILE: '' };
      const worker = startWorker({ ...settings, ...ca, ...more });
      running.add(worker);
      return worker;
    };
    return {
      servers: servers(),
      central,
      receiver,
      sms,
      settings,
      startWorker: start,
      async worker(more) {
        const worker = start(more);
        await worker.ready();
        return worker;
      },
      async record(id, condition = () => true) {
        return await until(`${id} has its record`, async () => {
          const document = await sms.findOne(
            { _id: id },
            { projection: { notify_on_delivery: 1 } },
          );
          const record = document?.['notify_on_delivery'] as Record<string, unknown> | undefined;
          return record !== undefined && condition(record) ? record : null;
        });
      },
    };
  };
}

/** Calls that are not as the documents for receivers say. The platform's own have no webhook-id. */
function undocumentedIn(receiver: Receiver): readonly string[] {
  return receiver
    .requests()
    .filter(({ headers }) => headers['webhook-id'] !== undefined)
    .flatMap((request) => [...headerProblems(request.headers), ...bodyProblems(request.json())]);
}

async function killAll(workers: Set<WorkerProcess>): Promise<void> {
  await Promise.all([...workers].map(async (worker) => await worker.kill()));
  workers.clear();
}
