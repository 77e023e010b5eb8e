import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig, loadUsersFile } from '../../../config/loadConfig.ts';
import { configOf, problemsOf, readNothing, required } from './loading.ts';

describe('the settings of the console', () => {
  it('are read from the environment', () => {
    const env = {
      CONSOLE_HOST: '::1',
      CONSOLE_PORT: '0',
      CONSOLE_USERS_FILE: '/etc/console-users',
      CONSOLE_PROXY_CIDRS: '10.0.0.0/8, ::1',
    };
    expect(configOf({ ...required, ...env }).console).toEqual({
      host: '::1',
      port: 0,
      usersFile: { path: '/etc/console-users' },
      proxyRanges: ['10.0.0.0/8', '::1'],
    });
  });

  it.each([
    { CONSOLE_PORT: 'off' },
    { CONSOLE_PORT: '65536' },
    { CONSOLE_HOST: 'a host' },
    { CONSOLE_PROXY_CIDRS: 'proxy.internal' },
    { CONSOLE_PROXY_CIDRS: '10.0.0.0/33' },
    { CONSOLE_PROXY_CIDRS: '10.0.0.1,,10.0.0.2' },
  ])('are refused by name: %j', (env) => {
    expect(problemsOf({ ...required, ...env })).toMatchObject([{ variable: Object.keys(env)[0] }]);
  });
});

describe('the users file', () => {
  it('is found without any other setting', () => {
    expect(loadUsersFile({ CONSOLE_USERS_FILE: ' /etc/users ' })).toEqual({
      ok: true,
      path: '/etc/users',
    });
    expect(loadUsersFile({ CONSOLE_USERS_FILE: 'users' })).toEqual({
      ok: true,
      path: resolve('users'),
    });
    expect(loadUsersFile({ ...required, CONSOLE_USERS_FILE: '' })).toMatchObject({
      ok: false,
      problems: [{ variable: 'CONSOLE_USERS_FILE', message: 'is not set' }],
    });
  });
});

describe('the proxy of the console', () => {
  const warningsOf = (CONSOLE_PROXY_CIDRS: string): readonly string[] =>
    loadConfig({ ...required, CONSOLE_PROXY_CIDRS }, readNothing).warnings;

  it.each(['0.0.0.0/0', '10.0.0.1,::/0'])('may not be anywhere: %s', (ranges) => {
    expect(warningsOf(ranges)).toEqual([
      expect.stringMatching(/^CONSOLE_PROXY_CIDRS contains all addresses: whoever reaches/),
    ]);
  });

  it.each(['', '10.0.0.0/8', '10.0.0.0/10,::1'])('may be at %j', (ranges) => {
    expect(warningsOf(ranges)).toEqual([]);
  });
});
