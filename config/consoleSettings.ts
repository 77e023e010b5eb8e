import { file, listenAddress, optional, port } from './parsers.ts';
import type { Setting } from './setting.ts';
import { addressRanges } from './uris.ts';

export const consoleSettings = {
  CONSOLE_HOST: {
    key: 'console.host',
    parser: listenAddress,
    default: '127.0.0.1',
    description:
      'Address on which `npm run console` serves the console. Anything but a loopback address needs `CONSOLE_USERS_FILE` or `CONSOLE_PROXY_CIDRS`. The console speaks HTTP: put TLS in front of it.',
  },
  CONSOLE_PORT: {
    key: 'console.port',
    parser: port,
    default: '8090',
    description: 'Port of the console. `0` uses any free port.',
  },
  CONSOLE_USERS_FILE: {
    key: 'console.usersFile',
    parser: optional(file),
    default: '',
    description:
      'File with the people who may sign in: name, role and scrypt hash. Written by `console user add`, read again whenever it changes. Empty: nobody signs in with a password.',
  },
  CONSOLE_PROXY_CIDRS: {
    key: 'console.proxyRanges',
    parser: addressRanges,
    default: '',
    description:
      'Addresses or networks of an authenticating proxy, separated by commas. From there, and only from there, the headers `x-forwarded-user` and `x-forwarded-groups` say who asks. A group `viewer`, `support` or `editor`, or one of these after `notify-on-delivery-`, gives the role. Empty: these headers are ignored.',
  },
} as const satisfies Record<string, Setting>;
