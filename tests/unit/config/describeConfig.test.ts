import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { describeConfig } from '../../../config/describeConfig.ts';
import { loadConfig } from '../../../config/loadConfig.ts';
import { settingEntries } from '../../../config/schema.ts';
import { configOf, readNothing, required } from './loading.ts';

describe('describeConfig', () => {
  it('shows every setting under its name, secrets only as set', () => {
    const described = describeConfig(configOf(required));
    expect(Object.keys(described)).toEqual(settingEntries.map(([name]) => name));
    expect(described).toMatchObject({ MONGODB_URI: 'set', MYSQL_URI: 'set' });
    expect(JSON.stringify(described)).not.toMatch(/m0ngo-pass|my5ql-pass|db\.example/);
  });

  it('shows the defaults as they are documented', () => {
    const documented = settingEntries
      .filter(([name, setting]) => setting.default !== null && name !== 'MYSQL_ROUTE_QUERY_FILE')
      .map(([name, setting]) => [name, setting.default]);
    expect(describeConfig(configOf(required))).toMatchObject(Object.fromEntries(documented));
  });

  test('what it shows is read back as the same configuration', () => {
    const seconds = fc.integer({ min: 10, max: 20 }).map((count) => `${count}s`);
    const environment = fc.record(
      {
        DELIVERY_STATUSES: fc.constantFrom('', 'DELIVERED', 'DELIVERED,FAILED'),
        RETRY_SCHEDULE: fc.array(seconds).map((entries) => entries.join(',')),
        RETRY_AFTER_MAX: seconds,
        GIVE_UP_AFTER: fc.constantFrom('36h', '40h'),
        SWEEP_MARGIN: fc.constantFrom('0s', '32h'),
        START_AT: fc.constantFrom('now', '2024-05-01T12:00:00+05:30'),
        LEASE_TTL: seconds,
        WORKER_ID: fc.constantFrom('', 'a', 'rack b, no. 7'),
        QUICK_RETRIES: fc.array(seconds).map((entries) => entries.join(',')),
        REQUEST_TIMEOUT: seconds,
        ROUTE_CACHE_TTL: seconds,
        EGRESS_ALLOW_CIDRS: fc.constantFrom('', '10.0.0.0/8', '10.0.0.0/8,fd00::/8,::1'),
        EGRESS_SCHEMES: fc.constantFrom('https', 'https,http'),
        RECORD_SKIPS: fc.constantFrom('true', 'false'),
        HTTP_PORT: fc.constantFrom('off', '0', '8080'),
        PAYLOAD_TIMEZONE: fc.constantFrom('UTC', '-03:00'),
        MYSQL_ROUTE_QUERY_FILE: fc.constantFrom('', 'a.sql', '/b.sql'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(environment, (env) => {
        const config = configOf({ ...required, ...env });
        const again = { ...describeConfig(config), ...required };
        expect(loadConfig(again, readNothing)).toEqual({ ok: true, config, warnings: [] });
      }),
    );
  });
});
