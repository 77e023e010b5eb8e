import type { Setting } from './setting.ts';

/** Why a setting is invalid. Never contains the value of a secret. */
export interface Problem {
  readonly variable: string;
  /** Worded to follow the variable's name. */
  readonly message: string;
  /** The fix, worded as an instruction. */
  readonly remedy: string;
}

export function formatProblem({ variable, message, remedy }: Problem): string {
  return `${variable} ${message}; ${remedy}`;
}

const shownLength = 120;

/**
 * A value as shown in a problem: on one line, shortened, and without credentials, in case a connection string
 * was put into the wrong variable.
 */
export function showValue(text: string): string {
  const harmless = text.replace(/^.*@/s, '***@');
  return JSON.stringify(
    harmless.length > shownLength ? `${harmless.slice(0, shownLength)}…` : harmless,
  );
}

/** A text file named by a setting, read at the start. `path` is absolute. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** Throws as `readFileSync` does. */
export type ReadFile = (path: string) => string;

export type Reading<Value> =
  Readonly<{ ok: true; value: Value }> | Readonly<{ ok: false; problem: Problem }>;

export function refused(problem: Problem): Reading<never> {
  return { ok: false, problem };
}

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'part of the path is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

/** By code only: the message of a system error repeats the path, which may be a misplaced secret. */
function causeOf(error: unknown): string {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  const code = hasCode ? String(error.code) : 'unknown error';
  return causes[code] ?? code;
}

/** The trimmed content of the file that `variable` names. */
export function readTextFile(variable: string, path: string, readFile: ReadFile): Reading<string> {
  const refuse = (message: string): Reading<never> =>
    refused({ variable, message, remedy: 'write the path of a readable file' });
  if (path.includes('://')) return refuse('is a URI and not the path of a file');
  if (path.includes('-----BEGIN ')) return refuse('is the content of a file and not its path');
  try {
    const value = readFile(path).trim();
    return value === '' ? refuse(`names ${showValue(path)}, which is empty`) : { ok: true, value };
  } catch (error) {
    return refuse(`names ${showValue(path)}, which can't be read (${causeOf(error)})`);
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Sources {
  readonly env: Environment;
  readonly readFile: ReadFile;
}

/** Empty when the variable is not set. `NAME=`, common in `.env` files, means the same. */
export function givenText(env: Environment, name: string): string {
  return env[name]?.trim() ?? '';
}

/** The text of a setting from the variable, its `_FILE` or the default; null for none. */
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
    const message = `and ${name} are both set`;
    return refused({ variable: fileVariable, message, remedy: 'set only one of them' });
  }
  const isGiven = text !== '' || (setting.emptyIsValue && env[name] !== undefined);
  return { ok: true, value: isGiven ? text : setting.default };
}

/** The value of one setting; null if it is not set and takes the value of another one. */
export function readSetting(name: string, setting: Setting, sources: Sources): Reading<unknown> {
  const found = findText(name, setting, sources);
  if (!found.ok) return found;
  const expected = `write ${setting.parser.description ?? 'another value'}`;
  if (found.value === null) {
    if (setting.sameAs !== undefined) return { ok: true, value: null };
    const orFile = setting.secret ? `, or name a file that holds it in ${name}_FILE` : '';
    return refused({ variable: name, message: 'is not set', remedy: expected + orFile });
  }
  const parsed = setting.parser.safeParse(found.value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const wrong = parsed.error.issues.map(({ message }) => message).join(', and ');
  const message = setting.secret ? wrong : `is ${showValue(found.value)}, which ${wrong}`;
  return refused({ variable: name, message, remedy: expected });
}
