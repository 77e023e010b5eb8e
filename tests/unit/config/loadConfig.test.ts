import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../../config/loadConfig.ts';
import { packageRoot } from '../../../config/packageRoot.ts';
import { configOf, problemsOf, readNothing, required } from './loading.ts';

describe('loadConfig', () => {
  it('needs no more than the two connection strings; all else has its documented default', () => {
    expect(configOf(required)).toEqual({
      mongodb: {
        uri: required.MONGODB_URI,
        database: 'central',
        collection: 'SMSDetailDocument',
        stateDatabase: 'central',
        uuidRepresentation: 'javaLegacy',
      },
      mysql: {
        uri: required.MYSQL_URI,
        adminUri: null,
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
        breakerThreshold: 0.7,
        breakerCooldownMs: 30_000,
      },
      egress: { allowedRanges: [], schemes: ['https', 'http'], proxy: null },
      lease: { workerId: null, ttlMs: 15_000 },
      http: { host: '0.0.0.0', port: 8_080 },
      log: { level: 'info', format: 'json' },
      shutdown: { graceMs: 25_000 },
    });
  });

  it('takes every setting from the environment', () => {
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
      limits: { maxInFlight: 3, maxInFlightPerEndpoint: 2 },
      http: { host: '127.0.0.1', port: null },
      log: { level: 'debug', format: 'text' },
      shutdown: { graceMs: 3_000 },
    });
  });

  it('keeps the state where the SMS are unless told otherwise', () => {
    const { mongodb } = configOf({ ...required, MONGODB_DATABASE: 'other' });
    expect(mongodb.stateDatabase).toBe('other');
  });

  it('freezes the configuration to its leaves', () => {
    const config = configOf(required);
    const parts = [config, ...Object.values(config), config.call.quickRetriesMs];
    expect(parts.every((part) => Object.isFrozen(part))).toBe(true);
    expect(Object.isFrozen(config.mysql.routeQuery)).toBe(true);
  });

  it('leaves the environment alone and ignores what it does not know', () => {
    const env = Object.freeze({ ...required, UNRELATED: 'x', HTTP_PROXY: 'http://proxy' });
    expect(configOf(env)).toEqual(configOf(required));
  });

  it('takes a blank variable for one that is not set', () => {
    const blank = { MONGODB_DATABASE: '', LOG_LEVEL: ' ', MYSQL_CA_FILE: '', HTTP_PORT: '' };
    const blankFiles = { MYSQL_URI_FILE: '', MYSQL_ROUTE_QUERY_FILE: '' };
    expect(configOf({ ...required, ...blank, ...blankFiles })).toEqual(configOf(required));
    expect(problemsOf({ ...required, MYSQL_URI: '' })).toMatchObject([
      { variable: 'MYSQL_URI', message: 'is not set' },
    ]);
  });

  it('takes an empty list for an empty list', () => {
    const empty = { QUICK_RETRIES: '', RETRY_SCHEDULE: '', DELIVERY_STATUSES: '' };
    const { call, notify } = configOf({ ...required, ...empty });
    expect(call.quickRetriesMs).toEqual([]);
    expect(call.retryScheduleMs).toEqual([]);
    expect(notify.deliveryStatuses).toEqual([]);
  });

  it('does not count the space around a value', () => {
    expect(configOf({ ...required, LOG_LEVEL: ' warn\n' }).log.level).toBe('warn');
  });

  it.each([
    ['socketTimeoutMS=45000', /^socketTimeoutMS in MONGODB_URI is 45s, shorter than a scan/],
    ['SOCKETTIMEOUTMS=299999', /^socketTimeoutMS in MONGODB_URI is 299999ms, shorter than a scan/],
    ['timeoutMS=2000', /^timeoutMS in MONGODB_URI does nothing/],
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

  it('warns of a limit that is never reached', () => {
    const env = { ...required, MAX_IN_FLIGHT: '8', MAX_IN_FLIGHT_PER_ENDPOINT: '32' };
    expect(loadConfig(env, readNothing)).toMatchObject({
      ok: true,
      warnings: [expect.stringMatching(/^MAX_IN_FLIGHT_PER_ENDPOINT is 32 .* MAX_IN_FLIGHT is 8$/)],
    });
  });

  it('warns of retries that come too late to be made, stretched by a fifth as they may be', () => {
    const warningsOf = (RETRY_SCHEDULE: string): readonly string[] =>
      loadConfig({ ...required, RETRY_SCHEDULE, QUICK_RETRIES: '1h' }, readNothing).warnings;
    expect(warningsOf('10h,20h')).toEqual([]);
    expect(warningsOf('10h,20h,1s')).toEqual([
      'RETRY_SCHEDULE may take 129601200ms in all and is not always served to its end, as GIVE_UP_AFTER is 36h',
    ]);
  });

  it.each([
    ['16384', '1024', 0],
    ['65536', '256', 0],
    ['1048576', '16', 0],
    ['65537', '256', 1],
    ['1048576', '17', 1],
  ])(
    'knows whether responses of %s bytes have room with %s calls in flight',
    (RESPONSE_LIMIT, MAX_IN_FLIGHT, told) => {
      const { warnings } = loadConfig({ ...required, RESPONSE_LIMIT, MAX_IN_FLIGHT }, readNothing);
      const ofResponses =
        /^MAX_IN_FLIGHT .* RESPONSE_LIMIT .* should come to 16777216 bytes at most$/;
      expect(warnings.filter((warning) => ofResponses.test(warning))).toHaveLength(told);
    },
  );

  it('warns of what looks like a misspelt setting, also beside problems', () => {
    const warnings = ['QUICK_RETRY is not a setting; was QUICK_RETRIES meant?'];
    const env = { ...required, QUICK_RETRY: '1s' };
    expect(loadConfig(env, readNothing)).toMatchObject({ ok: true, warnings });
    expect(loadConfig({ QUICK_RETRY: '1s' }, readNothing)).toMatchObject({ ok: false, warnings });
  });
});
