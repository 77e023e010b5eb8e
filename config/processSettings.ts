import { logFormats, logLevels } from './config.ts';
import { duration, timerBounds } from './duration.ts';
import type { Setting } from './setting.ts';
import { freeText, listenAddress, oneOf, portOrOff } from './values.ts';

export const processSettings = {
  LEASE_TTL: {
    section: 'lease',
    parser: duration({ min: '1s', max: '1h' }),
    default: '15s',
    description:
      'Any number of workers may run; one has the lease and works, the others stand by. After a worker has died without a word, another one takes over this long afterwards.',
  },
  WORKER_ID: {
    section: 'lease',
    parser: freeText(),
    default: '',
    description:
      'Names this worker in its lease and in the notifications it has claimed. Empty: host and process id.',
  },
  HTTP_HOST: {
    section: 'http',
    parser: listenAddress(),
    default: '0.0.0.0',
    description: 'Address on which `/livez`, `/readyz` and `/metrics` are served.',
  },
  HTTP_PORT: {
    section: 'http',
    parser: portOrOff(),
    default: '8080',
    description: 'Port of the same; `0` takes any free one, `off` serves nothing.',
  },
  LOG_LEVEL: {
    section: 'log',
    parser: oneOf(logLevels),
    default: 'info',
    description:
      'The least important lines still logged: `error` (someone must act), `warn` (degraded, or back from it), `info` (one line per attempt), `debug`.',
  },
  LOG_FORMAT: {
    section: 'log',
    parser: oneOf(logFormats),
    default: 'json',
    description: '`json`: one object per line; `text`: for people.',
  },
  SHUTDOWN_GRACE: {
    section: 'shutdown',
    parser: duration(timerBounds),
    default: '25s',
    description:
      'How long a stop may take to finish what is in flight. The supervisor must wait longer than this before it kills the process.',
  },
} as const satisfies Record<string, Setting>;
