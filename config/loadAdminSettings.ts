import { readFileSync } from 'node:fs';
import type { Config } from './config.ts';
import { readCa, readValues } from './loadConfig.ts';
import type { Problem } from './problem.ts';
import type { Environment } from './readSetting.ts';
import type { ReadFile } from './textFile.ts';

const needed = ['MYSQL_ADMIN_URI', 'MYSQL_CA_FILE', 'EGRESS_SCHEMES'] as const;

/** How the central tables can be written: no other setting is looked at. */
export type LoadedAdminSettings =
  | Readonly<{ ok: true; uri: string; ca: string | null; schemes: Config['egress']['schemes'] }>
  | Readonly<{ ok: false; problems: readonly Problem[] }>;

export function loadAdminSettings(
  env: Environment,
  readFile: ReadFile = (path) => readFileSync(path, 'utf8'),
): LoadedAdminSettings {
  const sources = { env, readFile };
  const { values, problems } = readValues(sources);
  const ca = readCa(values, sources);
  const concerning = problems.filter(({ variable }) =>
    needed.some((name) => variable === name || variable === `${name}_FILE`),
  );
  if (!ca.ok) concerning.push(ca.problem);
  const uri = values.MYSQL_ADMIN_URI;
  if (uri === null) {
    concerning.push({
      variable: 'MYSQL_ADMIN_URI',
      message: 'is not set',
      remedy: 'write the connection string of a user who may write the central tables',
    });
  }
  const schemes = values.EGRESS_SCHEMES;
  if (concerning.length > 0 || !ca.ok || typeof uri !== 'string' || schemes === undefined) {
    return { ok: false, problems: concerning };
  }
  return { ok: true, uri, ca: ca.value?.text ?? null, schemes };
}
