import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { KafkaConnection } from '../../../src/kafka/clientConfig.ts';
import { readTopicConfig, type FoundTopicConfig } from '../../../src/kafka/topicConfig.ts';
import { createAuthority, type Authority, type Identity } from '../../support/certificates.ts';
import { useBroker } from '../../support/kafka/useBroker.ts';
import { listenLocally } from '../../support/listenLocally.ts';
import { plainConnection as plain } from '../../support/kafka/plainConnection.ts';

let authority: Authority;
let trusted: Identity;

const secret = 'pass,word=of ünser worker';
const broker = useBroker(async () => {
  authority = await createAuthority();
  trusted = await authority.issue('IP:127.0.0.1', { commonName: 'worker' });
  const { pemPath } = await authority.issue('IP:127.0.0.1,DNS:localhost');
  return {
    tls: { pemPath, caPath: authority.caPath, needsClientCertificate: true },
    users: [
      { name: 'worker', password: 'pw' },
      { name: 'other', password: 'pw' },
    ],
    authorizes: true,
  };
});

const login = { saslUsername: 'worker', saslPassword: 'pw' };
const pem = (path: string): { text: string } => ({ text: readFileSync(path, 'utf8') });
const trust = () => ({ ...plain, tls: true, ca: pem(authority.caPath) });
const identity = () => ({ cert: pem(trusted.certPath), key: pem(trusted.keyPath) });

async function read(
  connection: KafkaConnection,
  { topic = 'sms', limitMs = 10_000 } = {},
): Promise<FoundTopicConfig> {
  return await readTopicConfig(connection, { topic, clientId: 'host:7', limitMs });
}
const set = {
  kind: 'found',
  config: { cleanupPolicy: 'compact,delete', retentionMs: 3_600_000, maxMessageBytes: 500_000 },
};

beforeAll(async () => {
  const config = {
    'cleanup.policy': 'compact,delete',
    'retention.ms': '3600000',
    'max.message.bytes': '500000',
  };
  await broker().admin.create('sms', { partitions: 1, config });
  await broker().admin.create('unset', { partitions: 1 });
  for (const user of ['worker', 'CN=worker']) {
    await broker().grant(user, ['--operation=DescribeConfigs', '--topic=sms']);
  }
});
afterAll(async () => await authority.close());

describe('the settings of a topic', () => {
  it('are read in the clear', async () => {
    expect(await read({ ...plain, brokers: [broker().bootstrap] })).toEqual(set);
  });

  it('are those of the brokers where the topic has none', async () => {
    expect(await read({ ...plain, brokers: [broker().bootstrap] }, { topic: 'unset' })).toEqual({
      kind: 'found',
      config: { cleanupPolicy: 'delete', retentionMs: 604_800_000, maxMessageBytes: 1_048_588 },
    });
  });

  it('are read by TLS with a certificate, by address and by name', async () => {
    const { tlsBootstrap } = broker();
    const connection = { ...trust(), ...identity() };
    expect(await read({ ...connection, brokers: [tlsBootstrap] })).toEqual(set);
    const brokers = [tlsBootstrap.replace('127.0.0.1', 'localhost')];
    expect(await read({ ...connection, brokers })).toEqual(set);
  });

  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])('are read by %s', async (saslMechanism) => {
    const { saslBootstrap, saslTlsBootstrap } = broker();
    const connection = { ...login, saslMechanism };
    expect(await read({ ...plain, ...connection, brokers: [saslBootstrap] })).toEqual(set);
    expect(await read({ ...trust(), ...connection, brokers: [saslTlsBootstrap] })).toEqual(set);
  });

  it('are read from whichever broker answers', async () => {
    const brokers = ['127.0.0.1:1', 'no-such-host.invalid:9092', broker().bootstrap];
    expect(await read({ ...plain, brokers })).toEqual(set);
  });

  it('may not be read by everybody', async () => {
    const connection = { ...plain, ...login, saslMechanism: 'PLAIN', saslUsername: 'other' };
    const found = await read({ ...connection, brokers: [broker().saslBootstrap] });
    expect(found).toEqual({ kind: 'noRight' });
  });
});

describe('settings that can not be read', () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  async function reasonOf(connection: KafkaConnection, limitMs = 10_000): Promise<string> {
    const found = await read(connection, { limitMs });
    return found.kind === 'unknown' ? found.reason : found.kind;
  }

  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])(
    'are unknown by a wrong password, which is not shown, by %s',
    async (saslMechanism) => {
      const brokers = [broker().saslBootstrap];
      const wrong = { ...plain, ...login, saslMechanism, saslPassword: secret, brokers };
      expect(await reasonOf(wrong)).toBe(`${brokers[0]}: it refuses the login`);
    },
  );

  it('are unknown by a mechanism that is not offered', async () => {
    const connection = { ...plain, ...login, saslMechanism: 'PLAIN' };
    expect(await reasonOf({ ...connection, brokers: [broker().bootstrap] })).toMatch(
      /: it does not offer PLAIN$/,
    );
  });

  it('are unknown where the authority is not trusted, before any password is sent', async () => {
    const connection = { ...trust(), ca: null, ...login, saslMechanism: 'PLAIN' };
    expect(await reasonOf({ ...connection, brokers: [broker().saslTlsBootstrap] })).toMatch(
      /certificate/,
    );
  });

  it('are unknown of a topic that is not there', async () => {
    const connection = { ...plain, brokers: [broker().bootstrap] };
    expect(await read(connection, { topic: 'none' })).toMatchObject({
      reason: expect.stringMatching(/: it answers with error 3$/),
    });
  });

  async function serve(onConnection: (socket: Socket) => void): Promise<KafkaConnection> {
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    servers.push(server);
    return { ...plain, brokers: [`127.0.0.1:${await listenLocally(server)}`] };
  }

  it('are unknown where nobody answers in time, and nothing stays open', async () => {
    const connection = await serve(() => undefined);
    expect(await reasonOf(connection, 200)).toMatch(/: no answer within 0\.2 s$/);
    const [socket] = sockets;
    if (socket?.closed === false) {
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    }
  });

  it.each<[string, RegExp, (socket: Socket) => void]>([
    ['ends each connection', /it ended the connection|ECONNRESET|EPIPE/, (socket) => socket.end()],
    [
      'speaks HTTP',
      /it does not answer as a Kafka broker/,
      (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    ],
    [
      'answers something else',
      /it answers another request/,
      (socket) => socket.on('data', () => socket.write(Buffer.from([0, 0, 0, 4, 9, 9, 9, 9]))),
    ],
    [
      'answers too little',
      /the message is cut off/,
      (socket) => socket.on('data', () => socket.write(Buffer.from([0, 0, 0, 5, 0, 0, 0, 1, 0]))),
    ],
  ])('are unknown where somebody %s', async (_, reason, onConnection) => {
    expect(await reasonOf(await serve(onConnection))).toMatch(reason);
  });
});
