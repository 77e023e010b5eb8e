import { showValue, type Problem } from './problem.ts';

/** Throws as `readFileSync` does. */
export type ReadFile = (path: string) => string;

export type Reading<Value> =
  Readonly<{ ok: true; value: Value }> | Readonly<{ ok: false; problem: Problem }>;

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a folder',
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
  const remedy = 'write the path of a file that can be read';
  const refuse = (message: string): Reading<string> => ({
    ok: false,
    problem: { variable, message, remedy },
  });
  if (path.includes('://')) return refuse('is a URI and not the path of a file');
  try {
    const value = readFile(path).trim();
    return value === '' ? refuse(`names ${showValue(path)}, which is empty`) : { ok: true, value };
  } catch (error) {
    return refuse(`names ${showValue(path)}, which can't be read (${causeOf(error)})`);
  }
}
