import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../config/reading.ts';
import { settingEntries } from '../config/schema.ts';
import { parseEnvironmentFile } from './runtime/environmentFile.ts';

/** Set by the wrapper `notify-on-delivery` where systemd runs the worker: what its unit reads. */
const FOLDER = 'NOTIFY_ON_DELIVERY_SETTINGS';

/** The worker's secrets, which its unit loads, or a drop-in if they are not for every worker. */
const workerSecrets: Readonly<Record<string, string>> = {
  MONGODB_URI_FILE: 'mongodb-uri',
  MYSQL_URI_FILE: 'mysql-uri',
  EGRESS_PROXY_FILE: 'egress-proxy',
  KAFKA_SASL_PASSWORD_FILE: 'kafka-password',
  OTEL_EXPORTER_OTLP_HEADERS_FILE: 'otlp-headers',
};

/** What the worker never gets; not everybody who runs commands may read it. */
const ownSecrets: Readonly<Record<string, string>> = {
  MYSQL_ADMIN_URI_FILE: 'mysql-admin-uri',
  CONSOLE_USERS_FILE: 'console-users',
};

const alwaysThere = new Set(['MONGODB_URI_FILE', 'MYSQL_URI_FILE']);
/** By the command that adds the first person. */
const mayBeMade = new Set(['CONSOLE_USERS_FILE']);
/** These may be the caller's own. */
const callersOwn = new Set(['MYSQL_ADMIN_URI', 'MYSQL_ADMIN_URI_FILE', 'CONSOLE_USERS_FILE']);

type CommandEnvironment =
  | Readonly<{
      ok: true;
      env: Environment;
      /** Also names files that the caller can't read, so that a command that needs one says so, or that are to be made. */
      ownEnv: Environment;
    }>
  | Readonly<{ ok: false; problems: readonly string[] }>;

/**
 * What a command takes its settings from: the environment, or where the wrapper names a folder, that folder alone, as
 * the worker does. What else is in the caller's environment would make the command look at another database.
 */
export function commandEnvironment(callers: Environment): CommandEnvironment {
  const folder = callers[FOLDER];
  if (folder === undefined) return { ok: true, env: callers, ownEnv: callers };
  const settings = readSettings(join(folder, 'settings.env'));
  if (typeof settings === 'string') return { ok: false, problems: [settings] };
  const readable: Record<string, string> = {};
  const unreadable: Record<string, string> = {};
  for (const [name, file] of Object.entries(workerSecrets)) {
    const path = join(folder, file);
    if (alwaysThere.has(name) || stateOf(path) !== 'absent') readable[name] = path;
  }
  for (const [name, file] of Object.entries(ownSecrets)) {
    const path = join(folder, file);
    const state = stateOf(path);
    if (isGivenBy(callers, name)) continue;
    if (state === 'readable') readable[name] = path;
    else if (state === 'unreadable' || mayBeMade.has(name)) unreadable[name] = path;
  }
  const env = { ...withoutSettings(callers), ...readable, ...settings };
  return { ok: true, env, ownEnv: { ...unreadable, ...env } };
}

/** The variables; none where there is no such file; a sentence where it can't be read. */
function readSettings(path: string): Readonly<Record<string, string>> | string {
  try {
    return parseEnvironmentFile(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    return `${path} can't be read (${code}); run the command with "sudo", or as somebody who may read that file`;
  }
}

function stateOf(path: string): 'readable' | 'unreadable' | 'absent' {
  try {
    accessSync(path, constants.R_OK);
    return 'readable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : 'unreadable';
  }
}

function isGivenBy(callers: Environment, fileVariable: string): boolean {
  const variable = fileVariable.replace(/_FILE$/, '');
  return [variable, fileVariable].some((name) => (callers[name] ?? '') !== '');
}

function withoutSettings(callers: Environment): Environment {
  const settings = new Set(settingEntries.flatMap(([name]) => [name, `${name}_FILE`]));
  const kept = ([name]: readonly [string, unknown]): boolean =>
    !settings.has(name) || callersOwn.has(name);
  return Object.fromEntries(Object.entries(callers).filter(kept));
}
