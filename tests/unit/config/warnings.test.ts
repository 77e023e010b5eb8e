import { describe, expect, it } from '@jest/globals';
import { findMisspellings } from '../../../config/warnings.ts';
import { settingEntries } from '../../../config/schema.ts';

const known = settingEntries.map(([name]) => name);

describe('findMisspellings', () => {
  it.each([
    ['QUICK_RETRY', 'QUICK_RETRIES'],
    ['MONGO_DATABASE', 'MONGODB_DATABASE'],
    ['MYSQL_URL', 'MYSQL_URI'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['PAYLOAD_TIME_ZONE', 'PAYLOAD_TIMEZONE'],
    ['MAX_INFLIGHT', 'MAX_IN_FLIGHT'],
  ])('takes %s for %s', (given, meant) => {
    expect(findMisspellings([given], known)).toEqual([{ given, meant }]);
  });

  it('does not warn if the setting itself is set', () => {
    expect(findMisspellings(['MYSQL_URL', 'MYSQL_URI'], known)).toEqual([]);
  });

  it('does not warn of unrelated variables', () => {
    const others = [
      [
        'MYSQL_ROOT_PASSWORD',
        'MYSQL_DATABASE',
        'MYSQL_USER',
        'MYSQL_HOST',
        'MYSQL_PORT',
        'MYSQL_DB',
      ],
      ['MYSQL_SERVICE_HOST', 'MYSQL_SERVICE_PORT', 'MYSQL_PORT_3306_TCP', 'MONGODB_SERVICE_HOST'],
      ['MONGO_INITDB_DATABASE', 'MONGODB_USER', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'PORT'],
      ['PATH', 'HOME', 'HOSTNAME', 'LANG', 'TZ', 'NODE_ENV', 'NODE_OPTIONS', 'LOGNAME', 'TERM'],
      ['MYSQL_ADMIN_URI', 'START_AT', 'GIVE_UP_AFTER', 'SWEEP_MARGIN', 'RETRY_SCHEDULE'],
      ['RETRY_AFTER_MAX', 'BREAKER_THRESHOLD', 'BREAKER_COOLDOWN', 'EGRESS_ALLOW_CIDRS'],
      ['EGRESS_SCHEMES', 'EGRESS_PROXY', 'PARTITIONS', 'LEASE_TTL', 'WORKER_ID'],
    ].flat();
    expect(findMisspellings(others, known)).toEqual([]);
  });
});
