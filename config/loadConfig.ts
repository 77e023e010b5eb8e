import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from './config.ts';
import { isPrivateKey } from './kafkaRules.ts';
import { isCertificate, toMysqlServer, type MysqlServer } from './mysqlServer.ts';
import { packageRoot } from './packageRoot.ts';
import type { FilePath } from './parsers.ts';
import {
  givenText,
  readSetting,
  readTextFile,
  refused,
  showValue,
  type Environment,
  type Problem,
  type ReadFile,
  type Reading,
  type Sources,
  type TextFile,
} from './reading.ts';
import { brokenRules } from './rules.ts';
import { settingEntries, type ParsedValues, type UsableValues, type Values } from './schema.ts';
import { placeOf } from './setting.ts';
import type { MysqlUri } from './uris.ts';
import { findWarnings } from './warnings.ts';

const fromDisk: ReadFile = (path) => readFileSync(path, 'utf8');

/** Reports all problems, not only the first. A warning is a sentence and does not prevent the start. */
export type LoadedConfig =
  | Readonly<{ ok: true; config: Config; warnings: readonly string[] }>
  | Readonly<{ ok: false; problems: readonly Problem[]; warnings: readonly string[] }>;

/** Never throws because of the content of the environment or a file. */
export function loadConfig(env: Environment, readFile: ReadFile = fromDisk): LoadedConfig {
  const { values, problems } = readValues({ env, readFile });
  problems.push(...brokenRules(values));
  const warnings = findWarnings(env, values);
  return problems.length === 0 && isComplete(values)
    ? { ok: true, config: deepFreeze(toConfig(values)), warnings }
    : { ok: false, problems, warnings };
}

/** The valid values, and the problems of the others. */
function readValues(sources: Sources): { values: UsableValues; problems: Problem[] } {
  const problems: Problem[] = [];
  function take<Value>(reading: Reading<Value>): Value | undefined {
    if (reading.ok) return reading.value;
    problems.push(reading.problem);
    return undefined;
  }
  const read: Record<string, unknown> = {};
  for (const [name, setting] of settingEntries) {
    const value = take(readSetting(name, setting, sources));
    read[name] = value === null && setting.sameAs !== undefined ? read[setting.sameAs] : value;
  }
  // Safe: each value comes from the parser from which `ParsedValues` derives its type.
  const parsed: Partial<ParsedValues> = read;
  const { MYSQL_ROUTE_QUERY_FILE: query, MYSQL_CA_FILE: caFile } = parsed;
  const { MYSQL_URI: uri, MYSQL_ADMIN_URI: adminUri } = parsed;
  const routeQuery = query && take(readFileOf('MYSQL_ROUTE_QUERY_FILE', query, sources));
  const certificatesOf = (name: string, of: FilePath | null | undefined) =>
    of && take(readPem(name, of, certificates, sources));
  const ca = certificatesOf('MYSQL_CA_FILE', caFile);
  const serverOf = (variable: string, of: MysqlUri): MysqlServer | undefined =>
    take(toMysqlServer(of, { variable, ca: ca ?? null, readFile: sources.readFile }));
  const fromFiles = {
    MYSQL_ROUTE_QUERY_FILE: routeQuery,
    MYSQL_CA_FILE: ca,
    MYSQL_URI: uri && serverOf('MYSQL_URI', uri),
    MYSQL_ADMIN_URI: adminUri && serverOf('MYSQL_ADMIN_URI', adminUri),
    KAFKA_CA_FILE: certificatesOf('KAFKA_CA_FILE', parsed.KAFKA_CA_FILE),
    KAFKA_CERT_FILE: certificatesOf('KAFKA_CERT_FILE', parsed.KAFKA_CERT_FILE),
    KAFKA_KEY_FILE:
      parsed.KAFKA_KEY_FILE &&
      take(readPem('KAFKA_KEY_FILE', parsed.KAFKA_KEY_FILE, privateKey, sources)),
  };
  return { values: { ...parsed, ...fromFiles }, problems };
}

function readFileOf(
  name: string,
  { path: given }: FilePath,
  { env, readFile }: Sources,
): Reading<TextFile> {
  const folder = givenText(env, name) === '' ? packageRoot() : '.';
  const path = given.includes('://') ? given : resolve(folder, given);
  const reading = readTextFile(name, path, readFile);
  return reading.ok ? { ok: true, value: { path, text: reading.value } } : reading;
}

/** What a file must contain, and how to say that it does not. */
interface PemContent {
  readonly isIn: (text: string) => boolean;
  readonly missing: string;
  readonly remedy: string;
}

const certificates: PemContent = {
  isIn: isCertificate,
  missing: 'contains no certificate in PEM format',
  remedy: 'name a file with certificates',
};

const privateKey: PemContent = {
  isIn: isPrivateKey,
  missing: 'contains no private key in PEM format that can be read without a passphrase',
  remedy: 'name a file with such a key',
};

function readPem(
  variable: string,
  file: FilePath,
  { isIn, missing, remedy }: PemContent,
  sources: Sources,
): Reading<TextFile> {
  const reading = readFileOf(variable, file, sources);
  if (!reading.ok || isIn(reading.value.text)) return reading;
  const message = `names ${showValue(reading.value.path)}, which ${missing}`;
  return refused({ variable, message, remedy });
}

function isComplete(values: UsableValues): values is Values {
  return Object.values(values).every((value) => value !== undefined);
}

function toConfig(values: Values): Config {
  const byName: Readonly<Record<string, unknown>> = values;
  const config: Record<string, Record<string, unknown>> = {};
  for (const [name, setting] of settingEntries) {
    const { section, field } = placeOf(setting);
    config[section] = { ...config[section], [field]: byName[name] };
  }
  // Safe: both the places and the type are derived from `key`.
  return config as Config;
}

function deepFreeze<Value extends object>(value: Value): Value {
  const parts: unknown[] = Object.values(value);
  for (const part of parts) if (typeof part === 'object' && part !== null) deepFreeze(part);
  return Object.freeze(value);
}

/** The settings in force as an operator would write them; for a secret, only whether it is set. */
export function describeConfig(config: Config): Readonly<Record<string, string>> {
  const sections: Readonly<Record<string, Readonly<Record<string, unknown>>>> = config;
  return Object.fromEntries(
    settingEntries.map(([name, setting]) => {
      const { section, field } = placeOf(setting);
      const value = sections[section]?.[field];
      if (setting.secret) return [name, value === null ? '' : 'set'];
      return [name, setting.parser.encode(value)];
    }),
  );
}

const needed = ['MYSQL_ADMIN_URI', 'MYSQL_CA_FILE', 'EGRESS_SCHEMES'] as const;

/** The settings needed to write the central tables. All others are ignored. */
export type LoadedAdminSettings =
  | Readonly<{ ok: true; server: MysqlServer; schemes: Config['egress']['schemes'] }>
  | Readonly<{ ok: false; problems: readonly Problem[] }>;

export function loadAdminSettings(
  env: Environment,
  readFile: ReadFile = fromDisk,
): LoadedAdminSettings {
  const { values, problems } = readValues({ env, readFile });
  const { MYSQL_ADMIN_URI: server, EGRESS_SCHEMES: schemes } = values;
  const concerning = problems.filter(({ variable }) =>
    needed.some((name) => variable === name || variable === `${name}_FILE`),
  );
  if (server === null) {
    concerning.push({
      variable: 'MYSQL_ADMIN_URI',
      message: 'is not set',
      remedy: 'write the connection string of a user with write access to the central tables',
    });
  }
  return concerning.length > 0 || !server || schemes === undefined
    ? { ok: false, problems: concerning }
    : { ok: true, server, schemes };
}

/** The file with the people who may use the console. All other settings are ignored. */
export type LoadedUsersFile =
  Readonly<{ ok: true; path: string }> | Readonly<{ ok: false; problems: readonly Problem[] }>;

export function loadUsersFile(env: Environment): LoadedUsersFile {
  const path = givenText(env, 'CONSOLE_USERS_FILE');
  if (path !== '') return { ok: true, path: resolve(path) };
  const problem = {
    variable: 'CONSOLE_USERS_FILE',
    message: 'is not set',
    remedy: 'write the path of the file with the people who may use the console',
  };
  return { ok: false, problems: [problem] };
}
