import { describe, expect, it } from '@jest/globals';
import {
  mongoClientFor,
  mysqlConnectionFor,
  startMysql,
  startReplicaSet,
  startStandaloneMongod,
  useServers,
} from '../support/servers.ts';

describe('the shared servers', () => {
  const servers = useServers(import.meta.url);

  it('are a replica set with change streams', async () => {
    const hello = await servers().mongo.db('admin').command({ hello: 1 });
    expect(hello).toMatchObject({ isWritablePrimary: true, setName: 'rs0' });
    const stream = servers().db.collection('sms').watch();
    await stream.tryNext();
    await servers().db.collection('sms').insertOne({ text: 'hello' });
    expect(await stream.next()).toMatchObject({ operationType: 'insert' });
    await stream.close();
  });

  it('are a MySQL with a database of this test file', async () => {
    const [rows] = await servers().mysql.query('SELECT DATABASE() AS name');
    expect(rows).toEqual([{ name: expect.stringMatching(/^services_[0-9a-f]{8}$/) }]);
    expect(servers().mysqlUri).toContain(`/${servers().database}`);
  });
});

describe('private servers', () => {
  it('keep data and port of a mongod across SIGKILL', async () => {
    const set = await startReplicaSet();
    const client = await mongoClientFor(set.uri);
    try {
      await client.db('own').collection('sms').insertOne({ text: 'kept' });
      const [mongod] = set.members;
      await mongod?.kill();
      expect(mongod?.isRunning()).toBe(false);
      await mongod?.start();
      await set.primary();
      expect(await client.db('own').collection('sms').countDocuments()).toBe(1);
    } finally {
      await client.close();
      await set.close();
    }
  }, 60_000);

  it('keep data and port of a MySQL across SIGKILL', async () => {
    const server = await startMysql();
    try {
      const before = await mysqlConnectionFor(server.uri);
      await before.query('CREATE TABLE kept (id INT); INSERT INTO kept VALUES (1)');
      await server.kill();
      await server.start();
      const after = await mysqlConnectionFor(server.uri);
      const [rows] = await after.query('SELECT id FROM kept');
      expect(rows).toEqual([{ id: 1 }]);
      before.destroy();
      after.destroy();
    } finally {
      await server.close();
    }
  }, 60_000);

  it('can be a mongod without a replica set', async () => {
    const mongod = await startStandaloneMongod();
    const client = await mongoClientFor(mongod.uri);
    try {
      expect(await client.db('admin').command({ hello: 1 })).not.toHaveProperty('setName');
    } finally {
      await client.close();
      await mongod.close();
    }
  }, 60_000);
});
