import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Timestamp, type Document, type MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createOplogReader } from '../../../src/mongo/oplogReader.ts';
import { createStateReaders } from '../../../src/mongo/workerState.ts';
import { readDocumentedRole } from '../../support/documentedRole.ts';
import { createMemoryLogger, type MemoryLogger } from '../../support/memoryLogger.ts';
import { useGuardedReplicaSet } from '../../support/mongoUsers.ts';
import { until } from '../../support/until.ts';

const guarded = useGuardedReplicaSet();
const role = readDocumentedRole();
const clients: MongoClient[] = [];
const longMs = 3_600_000;
let mayRead: MongoClient;
let mayNot: MongoClient;

beforeAll(async () => {
  const connect = async (privileges: typeof role.needed): Promise<MongoClient> => {
    const client = createMongoClient(await guarded().createUser(privileges), 'oplog under test');
    clients.push(client);
    return client;
  };
  mayRead = await connect([...role.needed, ...role.optional]);
  mayNot = await connect(role.needed);
});
afterAll(async () => {
  await Promise.all(clients.map(async (client) => await client.close()));
});

function readerOf(
  client: MongoClient,
  rememberMs = longMs,
): { readonly reader: ReturnType<typeof createOplogReader>; readonly logger: MemoryLogger } {
  const logger = createMemoryLogger();
  return { logger, reader: createOplogReader({ client, rememberMs, logger }) };
}

/** As root sees it. */
async function oldestEntry(): Promise<Document> {
  const oplog = guarded().root.db('local').collection('oplog.rs');
  const [entry] = await oplog.find().sort({ $natural: 1 }).limit(1).toArray();
  if (entry === undefined) throw new Error('the oplog is empty');
  return entry;
}

describe('the oplog', () => {
  it('shows its oldest entry with the right that the documentation names', async () => {
    const { reader, logger } = readerOf(mayRead);
    const ts = (await oldestEntry())['ts'] as Timestamp;
    expect(await reader.oldestEntryAt()).toEqual(new Date(ts.getHighBits() * 1_000));
    expect(logger.lines).toEqual([]);
  });

  it('shows nothing without the right, with one line for who looks for it', async () => {
    const { reader, logger } = readerOf(mayNot, 1);
    expect(await reader.oldestEntryAt()).toBeNull();
    expect(await reader.oldestEntryAt()).toBeNull();
    expect(logger.lines).toEqual([{ level: 'debug', event: 'oplog_unreadable', fields: {} }]);
  });

  it('is not taken for unreadable when the server is away', async () => {
    const client = createMongoClient('mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50', 'away');
    clients.push(client);
    const { reader, logger } = readerOf(client);
    await expect(reader.oldestEntryAt()).rejects.toMatchObject({
      name: 'MongoServerSelectionError',
    });
    expect(logger.lines).toEqual([]);
  });
});

describe('REMEMBER', () => {
  it('is doubtful when the oplog reaches back further, and that is logged once', async () => {
    const { reader, logger } = readerOf(mayRead, 1);
    // Its times are in whole seconds.
    await until('the oplog reaches back', async () => {
      await reader.oldestEntryAt();
      return logger.lines.length > 0;
    });
    await reader.oldestEntryAt();
    expect(logger.lines).toEqual([
      {
        level: 'warn',
        event: 'setting_warning',
        fields: {
          warning: expect.stringMatching(
            /^REMEMBER is 0\.1s and the oplog reaches back [\d.]+s: a status .* would be told again$/,
          ),
        },
      },
    ]);
  });
});

describe('the documented role', () => {
  it('lets the worker read all that the gauges show', async () => {
    const state = stateCollections(mayNot.db('central'));
    const readers = createStateReaders({ state, rememberMs: 1, logger: createMemoryLogger() });
    for (const read of Object.values(readers) as (() => Promise<unknown>)[]) {
      await expect(read()).resolves.toBeDefined();
    }
  });
});
