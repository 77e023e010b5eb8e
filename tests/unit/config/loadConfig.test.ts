import { join } from 'node:path';
import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { describeConfig, loadConfig } from '../../../config/loadConfig.ts';
import { packageRoot } from '../../../config/packageRoot.ts';
import { settingEntries } from '../../../config/schema.ts';
import { configOf, problemsOf, readNothing, required } from './loading.ts';

describe('loadConfig', () => {
  it('requires only the two connection strings; everything else has its documented default', () => {
    expect(configOf(required)).toEqual({
      mongodb: {
        uri: required.MONGODB_URI,
        database: 'central',
        collection: 'SMSDetailDocument',
        stateDatabase: 'central',
        uuidRepresentation: 'javaLegacy',
      },
      mysql: {
        server: {
          host: 'sql.example',
          port: 3306,
          socketPath: null,
          user: 'worker',
          password: 'my5ql-pass',
          database: 'central',
          charset: null,
          sendsPasswordPlain: false,
          tls: null,
        },
        adminServer: null,
        poolSize: 5,
        timeoutMs: 5_000,
        routeQuery: { path: join(packageRoot(), 'config/route.sql'), text: 'SELECT 1' },
        ca: null,
      },
      routeCache: { ttlMs: 30_000, staleMs: 600_000, maxEntries: 50_000 },
      notify: {
        deliveryStatuses: [],
        maxStatusAgeMs: 259_200_000,
        rememberMs: 259_200_000,
        recordSkips: true,
        startAt: null,
        sweepMarginMs: 86_400_000,
      },
      call: {
        payloadTimeZone: 'Asia/Kolkata',
        requestTimeoutMs: 15_000,
        connectTimeoutMs: 5_000,
        responseLimitBytes: 16_384,
        connectionMaxAgeMs: 60_000,
        quickRetriesMs: [1_000, 4_000],
        retryScheduleMs: [
          30_000, 120_000, 600_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000,
        ],
        retryAfterMaxMs: 86_400_000,
        giveUpAfterMs: 129_600_000,
      },
      limits: {
        maxInFlight: 256,
        maxInFlightPerEndpoint: 32,
        httpThreads: null,
        breakerThreshold: 0.7,
        breakerCooldownMs: 30_000,
      },
      egress: { allowedRanges: [], schemes: ['https', 'http'], proxy: null },
      lease: { workerId: null, ttlMs: 15_000 },
      kafka: {
        brokers: [],
        topic: null,
        group: 'notify-on-delivery',
        tls: false,
        ca: null,
        cert: null,
        key: null,
        saslMechanism: null,
        saslUsername: null,
        saslPassword: null,
      },
      console: { host: '127.0.0.1', port: 8_090, usersFile: null, proxyRanges: [] },
      http: { host: '0.0.0.0', port: 8_080 },
      log: { level: 'info', format: 'json' },
      shutdown: { graceMs: 25_000 },
      tracing: expect.any(Object),
    });
  });

  it('reads every setting from the environment', () => {
    const config = configOf({
      ...required,
      MONGODB_DATABASE: 'db',
      MONGODB_COLLECTION: 'sms',
      MONGODB_STATE_DATABASE: 'state',
      MYSQL_POOL_SIZE: '7',
      ROUTE_CACHE_TTL: '0s',
      ROUTE_CACHE_STALE: '1h',
      ROUTE_CACHE_SIZE: '10',
      DELIVERY_STATUSES: 'DELIVERED, FAILED',
      MAX_STATUS_AGE: '1h',
      REMEMBER: '2h',
      SWEEP_MARGIN: '0s',
      START_AT: '2024-05-01T12:00:00+05:30',
      RECORD_SKIPS: 'false',
      PAYLOAD_TIMEZONE: '+05:30',
      REQUEST_TIMEOUT: '2s',
      CONNECT_TIMEOUT: '1s',
      RESPONSE_LIMIT: '0',
      CONNECTION_MAX_AGE: '0s',
      QUICK_RETRIES: '5ms',
      RETRY_SCHEDULE: '0s, 1m,30d',
      RETRY_AFTER_MAX: '1m',
      GIVE_UP_AFTER: '2h',
      EGRESS_ALLOW_CIDRS: '10.0.0.0/8, ::1',
      EGRESS_SCHEMES: 'https',
      EGRESS_PROXY: 'http://u:p@proxy:3128',
      LEASE_TTL: '2s',
      WORKER_ID: 'worker 7 in rack b',
      MAX_IN_FLIGHT: '3',
      MAX_IN_FLIGHT_PER_ENDPOINT: '2',
      HTTP_THREADS: '3',
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: 'off',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'text',
      SHUTDOWN_GRACE: '3s',
    });
    expect(config).toMatchObject({
      mongodb: { database: 'db', collection: 'sms', stateDatabase: 'state' },
      mysql: { poolSize: 7 },
      routeCache: { ttlMs: 0, staleMs: 3_600_000, maxEntries: 10 },
      notify: {
        deliveryStatuses: ['DELIVERED', 'FAILED'],
        maxStatusAgeMs: 3_600_000,
        rememberMs: 7_200_000,
        recordSkips: false,
        sweepMarginMs: 0,
        startAt: new Date('2024-05-01T06:30:00.000Z'),
      },
      call: {
        payloadTimeZone: '+05:30',
        requestTimeoutMs: 2_000,
        connectTimeoutMs: 1_000,
        responseLimitBytes: 0,
        connectionMaxAgeMs: 0,
        quickRetriesMs: [5],
        retryScheduleMs: [0, 60_000, 2_592_000_000],
        retryAfterMaxMs: 60_000,
        giveUpAfterMs: 7_200_000,
      },
      egress: {
        allowedRanges: ['10.0.0.0/8', '::1'],
        schemes: ['https'],
        proxy: 'http://u:p@proxy:3128/',
      },
      lease: { workerId: 'worker 7 in rack b', ttlMs: 2_000 },
      limits: { maxInFlight: 3, maxInFlightPerEndpoint: 2, httpThreads: 3 },
      http: { host: '127.0.0.1', port: null },
      log: { level: 'debug', format: 'text' },
      shutdown: { graceMs: 3_000 },
    });
  });

  it('keeps the state in the database of the SMS by default', () => {
    const { mongodb } = configOf({ ...required, MONGODB_DATABASE: 'other' });
    expect(mongodb.stateDatabase).toBe('other');
  });

  it('freezes the configuration deeply', () => {
    const config = configOf(required);
    const parts = [config, ...Object.values(config), config.call.quickRetriesMs];
    expect(parts.every((part) => Object.isFrozen(part))).toBe(true);
    expect(Object.isFrozen(config.mysql.routeQuery)).toBe(true);
  });

  it('does not change the environment, and ignores unknown variables', () => {
    const env = Object.freeze({ ...required, UNRELATED: 'x', HTTP_PROXY: 'http://proxy' });
    expect(configOf(env)).toEqual(configOf(required));
  });

  it('treats a blank variable as unset', () => {
    const blank = { MONGODB_DATABASE: '', LOG_LEVEL: ' ', MYSQL_CA_FILE: '', HTTP_PORT: '' };
    const blankFiles = { MYSQL_URI_FILE: '', MYSQL_ROUTE_QUERY_FILE: '' };
    expect(configOf({ ...required, ...blank, ...blankFiles })).toEqual(configOf(required));
    expect(problemsOf({ ...required, MYSQL_URI: '' })).toMatchObject([
      { variable: 'MYSQL_URI', message: 'is not set' },
    ]);
  });

  it('accepts an empty list', () => {
    const empty = { QUICK_RETRIES: '', RETRY_SCHEDULE: '', DELIVERY_STATUSES: '' };
    const { call, notify } = configOf({ ...required, ...empty });
    expect(call.quickRetriesMs).toEqual([]);
    expect(call.retryScheduleMs).toEqual([]);
    expect(notify.deliveryStatuses).toEqual([]);
  });

  it('ignores whitespace around a value', () => {
    expect(configOf({ ...required, LOG_LEVEL: ' warn\n' }).log.level).toBe('warn');
  });

  it.each([
    [
      'socketTimeoutMS=45000',
      /^socketTimeoutMS in MONGODB_URI is 45s, which is shorter than an oplog scan/,
    ],
    [
      'SOCKETTIMEOUTMS=299999',
      /^socketTimeoutMS in MONGODB_URI is 299999ms, which is shorter than an oplog scan/,
    ],
    ['timeoutMS=2000', /^timeoutMS in MONGODB_URI has no effect/],
  ])('warns of %s in the URI of MongoDB', (option, warning) => {
    const env = { ...required, MONGODB_URI: `mongodb://host/?${option}` };
    expect(loadConfig(env, readNothing)).toMatchObject({
      ok: true,
      warnings: [expect.stringMatching(warning)],
    });
  });

  it.each(['socketTimeoutMS=0', 'socketTimeoutMS=300000', 'connectTimeoutMS=2000'])(
    'does not warn of %s there',
    (option) => {
      const env = { ...required, MONGODB_URI: `mongodb://host/?${option}` };
      expect(loadConfig(env, readNothing)).toMatchObject({ ok: true, warnings: [] });
    },
  );

  it('warns of a limit without effect', () => {
    const env = { ...required, MAX_IN_FLIGHT: '8', MAX_IN_FLIGHT_PER_ENDPOINT: '32' };
    expect(loadConfig(env, readNothing)).toMatchObject({
      ok: true,
      warnings: [expect.stringMatching(/^MAX_IN_FLIGHT_PER_ENDPOINT is 32 .* MAX_IN_FLIGHT is 8$/)],
    });
  });

  it('warns of retries that may come too late, including the extension by a fifth', () => {
    const warningsOf = (RETRY_SCHEDULE: string): readonly string[] =>
      loadConfig({ ...required, RETRY_SCHEDULE, QUICK_RETRIES: '1h' }, readNothing).warnings;
    expect(warningsOf('10h,20h')).toEqual([]);
    expect(warningsOf('10h,20h,1s')).toEqual([
      'RETRY_SCHEDULE takes up to 129601200ms in total, but GIVE_UP_AFTER is 36h: some retries may never be made',
    ]);
  });

  it('warns of a probably misspelt setting, also beside problems', () => {
    const warnings = ['QUICK_RETRY is not a setting; did you mean QUICK_RETRIES?'];
    const env = { ...required, QUICK_RETRY: '1s' };
    expect(loadConfig(env, readNothing)).toMatchObject({ ok: true, warnings });
    expect(loadConfig({ QUICK_RETRY: '1s' }, readNothing)).toMatchObject({ ok: false, warnings });
  });
});

describe('describeConfig', () => {
  it('shows every setting by name, and secrets only as set', () => {
    const described = describeConfig(configOf(required));
    expect(Object.keys(described)).toEqual(settingEntries.map(([name]) => name));
    expect(described).toMatchObject({ MONGODB_URI: 'set', MYSQL_URI: 'set' });
    expect(JSON.stringify(described)).not.toMatch(/m0ngo-pass|my5ql-pass|db\.example/);
  });

  it('shows the documented defaults', () => {
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
        KAFKA_GROUP: fc.constantFrom('', 'a b', 'sms.workers'),
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
