import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoServerError } from 'mongodb';
import { toConfigurationError } from '../../../src/mongo/configurationErrors.ts';
import { openMongo, type MongoConnection } from '../../../src/mongo/connect.ts';
import { preflight } from '../../../src/mongo/preflight.ts';
import { cliWith } from '../../support/cli.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);

let folder: string;
let opened: MongoConnection[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-'));
  await writeFile(join(folder, 'no-certificate.pem'), 'nothing of the kind');
});
afterAll(async () => await rm(folder, { recursive: true }));
afterEach(async () => {
  await Promise.all(opened.map(async (mongo) => await mongo.close()));
  opened = [];
});

/** What a start with these settings comes to. */
async function start(
  options: string,
  database = servers().database,
  stateDatabase = database,
): Promise<unknown> {
  const { mongodbUri } = servers();
  const uri = `${mongodbUri}&serverSelectionTimeoutMS=1500&${options}`;
  try {
    const mongo = openMongo({ uri, database, collection: 'sms', stateDatabase });
    opened.push(mongo);
    await mongo.connect();
    await preflight(mongo.sms, mongo.state);
    return null;
  } catch (error) {
    return error;
  }
}

const mysqlUri = (): string => servers().mysqlUri;

const refusedWith = (message: RegExp): unknown =>
  expect.objectContaining({
    name: 'ConfigurationError',
    message: expect.stringMatching(message),
  });

describe('a setting that can never work', () => {
  it.each([
    [
      'compressors=snappy',
      /needs the package snappy, which is not installed: .*npm install snappy/,
    ],
    [
      'authMechanism=GSSAPI&authSource=%24external',
      /needs the package kerberos|credentials|can't be used/,
    ],
    ['tls=true&tlsCAFile=/not/there.pem', /can't be read: \/not\/there\.pem \(ENOENT\)/],
    [
      'tls=true&tlsCertificateKeyFile=/not/there.pem',
      /can't be read: \/not\/there\.pem \(ENOENT\)/,
    ],
    ['authMechanism=NONE', /MONGODB_URI can't be used/],
  ])('is named: %s', async (options, message) => {
    expect(await start(options)).toEqual(refusedWith(message));
  });

  it('is zstd without its package, but where Node has it built in (22.15)', async () => {
    const isBuiltIn = 'zstdCompress' in zlib;
    const refused = refusedWith(/needs the package @mongodb-js\/zstd, which is not installed/);
    expect(await start('compressors=zstd')).toEqual(isBuiltIn ? null : refused);
  });

  it('is a file of certificates without one', async () => {
    const error = await start(
      `tls=true&tlsCertificateKeyFile=${join(folder, 'no-certificate.pem')}`,
    );
    expect(error).toEqual(refusedWith(/certificate or key file .* can't be used/));
  });

  it('is a database that differs in case from the one there is', async () => {
    const { db, database } = servers();
    await db.collection('sms').insertOne({});
    const other = database.toUpperCase();
    expect(await start('', other)).toEqual(
      refusedWith(new RegExp(`MONGODB_DATABASE is '${other}', but .* named '${database}'`)),
    );
  });

  it('is that one too where the state is kept elsewhere', async () => {
    const { db, database } = servers();
    await db.collection('sms').insertOne({});
    const [other, elsewhere] = [database.toUpperCase(), `state_${database}`.slice(0, 60)];
    expect(await start('', other, elsewhere)).toEqual(
      refusedWith(new RegExp(`MONGODB_DATABASE is '${other}', but .* named '${database}'`)),
    );
    const found = await servers().mongo.db('admin').admin().listDatabases({ nameOnly: true });
    expect(found.databases.map(({ name }) => name)).not.toContain(elsewhere);
    const settings = {
      ...{ MONGODB_URI: servers().mongodbUri, MONGODB_DATABASE: other, MYSQL_URI: mysqlUri() },
      ...{ MONGODB_COLLECTION: 'sms', MONGODB_STATE_DATABASE: elsewhere },
    };
    const end = await cliWith(settings, 'check');
    expect(end.code).toBe(1);
    expect(end.stdout.replaceAll(/\s+/g, ' ')).toContain(`MONGODB_DATABASE is '${other}'`);
  });

  it.each([
    ['compressors=snappy', /needs the package snappy, which is not installed/],
    ['tls=true&tlsCAFile=/not/there.pem', /can't be read: \/not\/there\.pem/],
    ['authMechanism=SCRAM-SHA-256&authSource=admin', /MONGODB_URI|credentials/],
  ])('is named by check as well: %s', async (options, message) => {
    const { mongodbUri } = servers();
    const settings = {
      ...{ MONGODB_URI: `${mongodbUri}&serverSelectionTimeoutMS=1500&${options}` },
      ...{ MONGODB_DATABASE: servers().database, MYSQL_URI: mysqlUri() },
    };
    const end = await cliWith(settings, 'check');
    expect(end.code).toBe(1);
    expect(end.stdout.replaceAll(/\s+/g, ' ')).toMatch(message);
  });

  it.each([
    [{ code: 8000, message: 'bad auth : authentication failed' }, true],
    [{ code: 8000, message: 'user is not allowed to do action [find] on [a.b]' }, false],
    [{ code: 18, message: 'Authentication failed.' }, true],
    [{ code: 334, message: 'mechanism not enabled' }, true],
    [{ code: 13, message: 'not authorized' }, false],
    [{ code: 13297, message: 'db already exists with different case' }, true],
    [{ code: 11600, message: 'interrupted at shutdown' }, false],
    [{ code: 91, message: 'shutdown in progress' }, false],
  ])('is %j of a server: %p', (answer, isForGood) => {
    const error = new MongoServerError(answer);
    expect(toConfigurationError(error) !== null).toBe(isForGood);
  });
});
