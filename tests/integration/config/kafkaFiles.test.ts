import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeConfig, loadConfig, type LoadedConfig } from '../../../config/loadConfig.ts';
import { formatProblem } from '../../../config/reading.ts';
import { createAuthority, type Authority, type Identity } from '../../support/certificates.ts';

describe('the files for TLS with Kafka', () => {
  let authority: Authority;
  let client: Identity;
  let other: Identity;

  beforeAll(async () => {
    authority = await createAuthority();
    client = await authority.issue('DNS:worker');
    other = await authority.issue('DNS:other');
  });
  afterAll(async () => await authority.close());

  const load = (cert: string, key: string): LoadedConfig =>
    loadConfig({
      MONGODB_URI: 'mongodb://db/?replicaSet=rs0',
      MYSQL_URI: 'mysql://worker@sql/central',
      KAFKA_BROKERS: 'kafka:9093',
      KAFKA_TOPIC: 'sms',
      KAFKA_TLS: 'true',
      KAFKA_CA_FILE: authority.caPath,
      KAFKA_CERT_FILE: cert,
      KAFKA_KEY_FILE: key,
    });

  it('are read at the start, and shown by their paths only', () => {
    const loaded = load(client.certPath, client.keyPath);
    if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
    const { ca, cert, key } = loaded.config.kafka;
    expect(ca).toEqual({ path: authority.caPath, text: textOf(authority.caPath) });
    expect(cert).toEqual({ path: client.certPath, text: textOf(client.certPath) });
    expect(key).toEqual({ path: client.keyPath, text: textOf(client.keyPath) });
    const described = describeConfig(loaded.config);
    expect(described).toMatchObject({ KAFKA_KEY_FILE: client.keyPath });
    expect(JSON.stringify(described)).not.toContain('PRIVATE KEY');
  });

  it('are refused when the key is that of another certificate', () => {
    const loaded = load(client.certPath, other.keyPath);
    expect('problems' in loaded ? loaded.problems.map(formatProblem) : []).toEqual([
      'KAFKA_KEY_FILE is not the key of the certificate in KAFKA_CERT_FILE; name files that belong together, the certificate of this client before any others',
    ]);
  });
});

const textOf = (path: string): string => readFileSync(path, 'utf8').trim();
