import { spawn } from 'node:child_process';
import { waitAtMost } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Health, HealthReport } from './health.ts';

/** What systemd says in the environment of a service of `Type=notify`. */
export interface SystemdSocket {
  readonly path: string;
  /** How long systemd waits for a sign of life before it restarts the service; null for ever. */
  readonly watchdogMs: number | null;
}

/** Null where systemd does not wait for messages, or there is no systemd. */
export function systemdSocketOf(
  env: Readonly<Record<string, string | undefined>>,
): SystemdSocket | null {
  const { NOTIFY_SOCKET: path = '', WATCHDOG_USEC: microseconds } = env;
  if (path === '') return null;
  const watchdogMs = Math.floor(Number(microseconds) / 1_000);
  return { path, watchdogMs: watchdogMs > 0 ? watchdogMs : null };
}

const POLL_MS = 1_000;
/** Only while the worker starts, and if there is no watchdog. */
const START_MS = 60_000;
const STATUS_LENGTH = 300;
/** systemd's program waits until its message was received, and systemd may be busy. */
const CLOSE_MS = 2_000;

/**
 * Reads assignments, one a line, and hands each to systemd's own program, for Node has no datagram sockets in the file
 * system. One small process that forks is cheaper than this one forking for each message: docs/decisions. It outlives
 * the signal that stops the service, and ends with its input.
 */
const relay = `trap '' TERM INT HUP
while IFS= read -r line; do systemd-notify "$line" </dev/null || echo "exit code $?"; done`;

/**
 * Tells systemd when the worker is ready (also as a standby), what it waits for, that it stops; and while `/livez` would
 * answer 200, that it lives. As long as it starts, it asks for more time instead.
 */
export function tellSystemd(options: {
  readonly socket: SystemdSocket;
  readonly health: Pick<Health, 'ready' | 'live'>;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}): { close(): Promise<void> } {
  const { socket, health, logger, stopping } = options;
  const { send, close } = startRelay(socket.path, logger);
  const patienceMs = socket.watchdogMs ?? START_MS;
  let isReady = false;
  let status = '';
  let toldAt = -Infinity;
  const look = (): void => {
    const report = health.ready();
    const now = statusOf(report);
    if (now !== status) send(`STATUS=${now}`);
    status = now;
    if (stopping.aborted) return;
    if (!isReady && report.status === 'ok') {
      isReady = true;
      send('READY=1');
    }
    const isDue = performance.now() - toldAt >= patienceMs / 3;
    if (!isDue || health.live().status === 'fail') return;
    toldAt = performance.now();
    if (!isReady) send(`EXTEND_TIMEOUT_USEC=${patienceMs * 1_000}`);
    else if (socket.watchdogMs !== null) send('WATCHDOG=1');
  };
  look();
  const timer = setInterval(look, Math.min(POLL_MS, patienceMs / 6)).unref();
  const stop = (): void => {
    send('STOPPING=1');
    look();
  };
  if (stopping.aborted) stop();
  else stopping.addEventListener('abort', stop, { once: true });
  return {
    async close() {
      clearInterval(timer);
      stopping.removeEventListener('abort', stop);
      await close();
    },
  };
}

function startRelay(path: string, logger: Logger) {
  const { PATH } = process.env;
  const env = { NOTIFY_SOCKET: path, ...(PATH === undefined ? {} : { PATH }) };
  const child = spawn('/bin/sh', ['-c', relay], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  let hasFailed = false;
  const fail = (reason: string): void => {
    if (!hasFailed) logger.error('systemd_not_told', { reason });
    hasFailed = true;
  };
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', (error) => {
      fail(error.message);
      resolve();
    });
  });
  child.stdin.on('error', (error) => fail(error.message));
  child.stdout.on('data', (data: Buffer) => fail(`systemd-notify: ${data.toString().trim()}`));
  // What keeps the process is its work.
  child.unref();
  return {
    send(assignment: string): void {
      if (child.stdin.writable) child.stdin.write(`${assignment}\n`);
    },
    /** Resolves when everything was handed over, or soon. */
    async close(): Promise<void> {
      child.ref();
      child.stdin.end();
      await waitAtMost(CLOSE_MS, ended);
      child.kill('SIGKILL');
    },
  };
}

function statusOf({ status, components }: HealthReport): string {
  const shown = Object.entries(components).filter(([, each]) => each.status === status);
  const text = shown.map(([name, { detail }]) => `${name}: ${detail}`).join('; ');
  const sentence = `${status === 'ok' ? 'Ready' : 'Not ready'}. ${text}`;
  return sentence.replaceAll(/\s+/g, ' ').slice(0, STATUS_LENGTH);
}
