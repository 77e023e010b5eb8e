import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from '@jest/globals';
import { MongoClient, type Db, type MongoClientOptions } from 'mongodb';
import { createConnection, type Connection } from 'mysql2/promise';
import { allTestsPassed } from './testResults.ts';

export { startStandaloneMongod } from '../../scripts/services/mongod.ts';
export { loadSchema, startMysql } from '../../scripts/services/mysql.ts';
export { startReplicaSet } from '../../scripts/services/replicaSet.ts';

/** The shared servers, and one test file's own databases on them. */
export interface TestServers {
  /** The replica set that all test files share. */
  readonly mongodbUri: string;
  /** As root, naming this file's own, empty database. */
  readonly mysqlUri: string;
  /** The name of this file's database, the same on both servers. */
  readonly database: string;
  readonly mongo: MongoClient;
  readonly db: Db;
  readonly mysql: Connection;
}

/**
 * Gives a test file (`import.meta.url`) a fresh database on both shared servers; call the result in hooks
 * and tests. The databases are dropped afterwards only when everything passed, so that a failure can be
 * looked into on a server of one's own.
 */
export function useServers(testFile: string): () => TestServers {
  let servers: TestServers | null = null;
  beforeAll(async () => {
    servers = await openServers(databaseName(testFile));
  });
  afterAll(async () => {
    if (servers === null) return;
    const { mongo, mysql, db, database } = servers;
    if (allTestsPassed()) {
      await db.dropDatabase();
      await mysql.query('DROP DATABASE ??', [database]);
    }
    await mysql.end();
    await mongo.close();
  });
  return () => {
    if (servers === null) throw new Error('the servers are there from the first beforeAll on');
    return servers;
  };
}

async function openServers(database: string): Promise<TestServers> {
  const mongodbUri = sharedUri('TEST_MONGODB_URI');
  const rootUri = sharedUri('TEST_MYSQL_URI');
  const ownUri = new URL(rootUri);
  ownUri.pathname = `/${database}`;
  const mysql = await mysqlConnectionFor(rootUri);
  await mysql.query('CREATE DATABASE ??; USE ??', [database, database]);
  // Tests see what the worker and the commands see, and no sooner.
  const mongo = await mongoClientFor(mongodbUri, { readConcernLevel: 'majority' });
  return { mongodbUri, mysqlUri: ownUri.href, database, mongo, db: mongo.db(database), mysql };
}

/** A connected client. Close it. */
export async function mongoClientFor(
  uri: string,
  options: MongoClientOptions = {},
): Promise<MongoClient> {
  return await new MongoClient(uri, options).connect();
}

/** A connection that takes several statements at once. End it. */
export async function mysqlConnectionFor(uri: string): Promise<Connection> {
  const connection = await createConnection({ uri, multipleStatements: true });
  connection.on('error', () => undefined);
  return connection;
}

/** Named after the test file, within MySQL's 64 and MongoDB's 63 bytes. */
function databaseName(testFile: string): string {
  const name = basename(fileURLToPath(testFile), '.test.ts').replaceAll(/\W/g, '_');
  return `${name.slice(0, 40)}_${randomBytes(4).toString('hex')}`;
}

function sharedUri(name: 'TEST_MONGODB_URI' | 'TEST_MYSQL_URI'): string {
  const uri = process.env[name];
  if (uri === undefined)
    throw new Error(`${name} is missing: run the tests through jest's projects`);
  return uri;
}
