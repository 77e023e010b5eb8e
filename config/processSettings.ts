import { duration, timerBounds } from './duration.ts';
import { freeText, listenAddress, oneOf, portOrOff } from './parsers.ts';
import type { Setting } from './setting.ts';

export const leaseSettings = {
  LEASE_TTL: {
    key: 'lease.ttlMs',
    parser: duration({ min: '1s', max: '1h' }),
    default: '15s',
    description:
      'Duration of the lease. Any number of workers may run: one holds the lease and works, the others stand by. If the active worker crashes, another one takes over after this time. With Kafka, it is the session timeout of the consumer group.',
  },
  WORKER_ID: {
    key: 'lease.workerId',
    parser: freeText,
    default: '',
    description:
      'Name of this worker in its lease and in the notifications it has claimed. Empty: host name and process id.',
  },
} as const satisfies Record<string, Setting>;

export const processSettings = {
  HTTP_HOST: {
    key: 'http.host',
    parser: listenAddress,
    default: '0.0.0.0',
    description: 'Address on which `/livez`, `/readyz` and `/metrics` are served.',
  },
  HTTP_PORT: {
    key: 'http.port',
    parser: portOrOff,
    default: '8080',
    description:
      'Port for `/livez`, `/readyz` and `/metrics`. `0` uses any free port, `off` disables the server.',
  },
  LOG_LEVEL: {
    key: 'log.level',
    parser: oneOf(['error', 'warn', 'info', 'debug']),
    default: 'info',
    description:
      'Lowest level that is logged: `error` (an operator must act), `warn` (degraded, or recovered), `info` (one line per attempt), `debug`.',
  },
  LOG_FORMAT: {
    key: 'log.format',
    parser: oneOf(['json', 'text']),
    default: 'json',
    description:
      '`json`: one object per line, for log processing. `text`: for people, with dates in `PAYLOAD_TIMEZONE`, each event as a sentence, and colours on a terminal.',
  },
  SHUTDOWN_GRACE: {
    key: 'shutdown.graceMs',
    parser: duration(timerBounds),
    default: '25s',
    description:
      'How long a stop waits for calls in flight. The supervisor must wait longer than this before it kills the process.',
  },
} as const satisfies Record<string, Setting>;
