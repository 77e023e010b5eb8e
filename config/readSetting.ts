import { showValue } from './problem.ts';
import type { Setting } from './setting.ts';
import { readTextFile, type ReadFile, type Reading } from './textFile.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Blank when the variable is not set; `.env` files are full of `NAME=`, which then means the same. */
export function givenText(env: Environment, name: string): string {
  return env[name]?.trim() ?? '';
}

/** What an operator gave for a setting, null for nothing: the text, from the variable or its `_FILE`. */
function findText(
  name: string,
  setting: Setting,
  { env, readFile }: Sources,
): Reading<string | null> {
  const text = givenText(env, name);
  const fileVariable = `${name}_FILE`;
  const path = setting.secret ? givenText(env, fileVariable) : '';
  if (path !== '') {
    if (text === '') return readTextFile(fileVariable, path, readFile);
    const message = `is set, and ${name} as well`;
    return { ok: false, problem: { variable: fileVariable, message, remedy: 'set only one' } };
  }
  const isGiven = text !== '' || (setting.emptyIsValue && env[name] !== undefined);
  return { ok: true, value: isGiven ? text : setting.default };
}

export interface Sources {
  readonly env: Environment;
  readonly readFile: ReadFile;
}

/** The value of one setting, null when it was not given and takes that of another. */
export function readSetting(name: string, setting: Setting, sources: Sources): Reading<unknown> {
  const found = findText(name, setting, sources);
  if (!found.ok) return found;
  const expected = `write ${setting.parser.description ?? 'another value'}`;
  if (found.value === null) {
    if (setting.sameAs !== undefined) return { ok: true, value: null };
    const orFile = setting.secret ? `, or name a file that holds it in ${name}_FILE` : '';
    const problem = { variable: name, message: 'is not set', remedy: expected + orFile };
    return { ok: false, problem };
  }
  const parsed = setting.parser.safeParse(found.value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const wrong = parsed.error.issues.map(({ message }) => message).join(', and ');
  const message = setting.secret ? wrong : `is ${showValue(found.value)}, which ${wrong}`;
  return { ok: false, problem: { variable: name, message, remedy: expected } };
}
