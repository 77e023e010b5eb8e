import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTopicAdmin } from '../../../scripts/services/kafka/topics.ts';
import { createAuthority, type Authority, type Identity } from '../../support/certificates.ts';
import { useBroker } from '../../support/kafka/useBroker.ts';

const password = 'pass-word-of-worker';
let authority: Authority;
let client: Identity;

const broker = useBroker(async () => {
  authority = await createAuthority();
  const { pemPath } = await authority.issue('IP:127.0.0.1,DNS:localhost');
  client = await authority.issue('IP:127.0.0.1', { commonName: 'worker' });
  return {
    tls: { pemPath, caPath: authority.caPath },
    users: [{ name: 'worker', password }],
    authorizes: true,
  };
});
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];
const sasl = (mechanism: string, given = password): Record<string, string> => ({
  'sasl.mechanism': mechanism,
  'sasl.username': 'worker',
  'sasl.password': given,
});
const describeTopic = async (
  bootstrap: string,
  settings: Readonly<Record<string, string>>,
  timeoutMs = 15_000,
): Promise<unknown> => {
  const admin = await openTopicAdmin(bootstrap, settings, timeoutMs);
  try {
    return await admin.describe('allowed');
  } finally {
    admin.close();
  }
};

beforeAll(async () => {
  await broker().admin.create('allowed', { partitions: 1 });
  await broker().grant('worker', ['--operation=Describe', '--topic=allowed']);
  await broker().grant('CN=worker', ['--operation=Describe', '--topic=allowed']);
});
afterAll(async () => await authority.close());

describe('a guarded broker', () => {
  it.each(mechanisms)('knows users by %s, with TLS and without', async (mechanism) => {
    const { saslTlsBootstrap, saslBootstrap } = broker();
    const tls = { 'security.protocol': 'sasl_ssl', 'ssl.ca.location': authority.caPath };
    const settings = sasl(mechanism);
    const found = { partitions: 1 };
    expect(await describeTopic(saslTlsBootstrap, { ...tls, ...settings })).toMatchObject(found);
    const plain = { 'security.protocol': 'sasl_plaintext' };
    expect(await describeTopic(saslBootstrap, { ...plain, ...settings })).toMatchObject(found);
  });

  it.each(mechanisms)('refuses a wrong password by %s', async (mechanism) => {
    const settings = { 'security.protocol': 'sasl_plaintext', ...sasl(mechanism, 'wrong') };
    const asked = describeTopic(broker().saslBootstrap, settings, 2_000);
    await expect(asked).rejects.toThrow('Timed out');
  });

  it('knows clients by their certificates', async () => {
    const settings = {
      'security.protocol': 'ssl',
      'ssl.ca.location': authority.caPath,
      'ssl.certificate.location': client.certPath,
      'ssl.key.location': client.keyPath,
    };
    expect(await describeTopic(broker().tlsBootstrap, settings)).toMatchObject({ partitions: 1 });
  });

  it('gives nobody a right that was not granted', async () => {
    const settings = { 'security.protocol': 'sasl_plaintext', ...sasl('PLAIN') };
    const admin = await openTopicAdmin(broker().saslBootstrap, settings);
    try {
      await expect(admin.create('refused', { partitions: 1 })).rejects.toThrow(/authoriz/i);
      // The client looks for the group's coordinator until its time is up, and does not say why.
      await expect(admin.committed('group', 'allowed')).rejects.toThrow(/authoriz|timed out/i);
    } finally {
      admin.close();
    }
  });
});
