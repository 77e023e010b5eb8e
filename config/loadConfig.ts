import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config, TextFile } from './config.ts';
import { packageRoot } from './packageRoot.ts';
import { showValue, type Problem } from './problem.ts';
import { givenText, readSetting, type Environment, type Sources } from './readSetting.ts';
import { brokenRules } from './rules.ts';
import { settingEntries, type SettingName, type Values } from './schema.ts';
import { readTextFile, type ReadFile, type Reading } from './textFile.ts';
import { toConfig } from './toConfig.ts';
import { certificates } from './values.ts';
import { findWarnings } from './warnings.ts';

/** All problems there are, not only the first. A warning is a sentence and stops nothing. */
export type LoadedConfig =
  | Readonly<{ ok: true; config: Config; warnings: readonly string[] }>
  | Readonly<{ ok: false; problems: readonly Problem[]; warnings: readonly string[] }>;

/** Never throws for what the environment or a file holds. */
export function loadConfig(
  env: Environment,
  readFile: ReadFile = (path) => readFileSync(path, 'utf8'),
): LoadedConfig {
  const sources = { env, readFile };
  const { values, problems } = readValues(sources);
  const routeQuery = readFileOf('MYSQL_ROUTE_QUERY_FILE', values, sources);
  const ca = readCa(values, sources);
  for (const reading of [routeQuery, ca]) if (!reading.ok) problems.push(reading.problem);
  problems.push(...brokenRules(values));

  const warnings = findWarnings(env, values);
  if (problems.length > 0 || !routeQuery.ok || !ca.ok || !isComplete(values)) {
    return { ok: false, problems, warnings };
  }
  const config = toConfig(values, { routeQuery: routeQuery.value, ca: ca.value });
  return { ok: true, config: deepFreeze(config), warnings };
}

export function readValues(sources: Sources): { values: Partial<Values>; problems: Problem[] } {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, setting] of settingEntries) {
    const reading = readSetting(name, setting, sources);
    if (!reading.ok) problems.push(reading.problem);
    else if (setting.sameAs !== undefined) values[name] = reading.value ?? values[setting.sameAs];
    else values[name] = reading.value;
  }
  // Each value comes from the parser whose output type `Values` has under its name.
  return { values, problems };
}

function isComplete(values: Partial<Values>): values is Values {
  return settingEntries.every(([name]) => Object.hasOwn(values, name));
}

type FileSetting = Extract<SettingName, 'MYSQL_ROUTE_QUERY_FILE' | 'MYSQL_CA_FILE'>;

function readFileOf(
  name: FileSetting,
  values: Partial<Values>,
  { env, readFile }: Sources,
): Reading<TextFile> {
  const folder = givenText(env, name) === '' ? packageRoot() : '.';
  const given = values[name] ?? '';
  const path = given.includes('://') ? given : resolve(folder, given);
  const reading = readTextFile(name, path, readFile);
  return reading.ok ? { ok: true, value: { path, text: reading.value } } : reading;
}

export function readCa(values: Partial<Values>, sources: Sources): Reading<TextFile | null> {
  const name = 'MYSQL_CA_FILE';
  if (values[name] === undefined || values[name] === '') return { ok: true, value: null };
  const reading = readFileOf(name, values, sources);
  if (!reading.ok) return reading;
  const certificate = certificates().safeParse(reading.value.text);
  if (certificate.success) return reading;
  const message = `names ${showValue(reading.value.path)}, which holds no certificate in PEM form`;
  return { ok: false, problem: { variable: name, message, remedy: 'name a file of certificates' } };
}

function deepFreeze<Value extends object>(value: Value): Value {
  const parts: unknown[] = Object.values(value);
  for (const part of parts) if (typeof part === 'object' && part !== null) deepFreeze(part);
  return Object.freeze(value);
}
