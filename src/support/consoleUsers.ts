import { readFileSync } from 'node:fs';
import { open, readFile, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toError } from '../runtime/errors.ts';
import { isRole, roles, type Role } from './consoleRole.ts';
import { hashPassword, parsePasswordHash, type PasswordHash } from './passwordHash.ts';
import { Refused } from './session.ts';

/** Somebody who signs in to the console with a password. */
export interface ConsoleUser {
  readonly name: string;
  readonly role: Role;
  readonly hash: PasswordHash;
}

/** All people of a file by name, or what is wrong with it, worded to follow the file's name. */
export type ParsedUsers =
  | Readonly<{ ok: true; users: ReadonlyMap<string, ConsoleUser> }>
  | Readonly<{ ok: false; problem: string }>;

const LEAST_CHARACTERS = 12;
const MOST_CHARACTERS = 1_000;
const nameForm = /^[\p{L}\p{N}._@+-]{1,100}$/u;

/** As it is stored and compared; null for what can't be a name. */
export function toUserName(text: string): string | null {
  const name = text.normalize('NFC');
  return nameForm.test(name) ? name : null;
}

/** A line is `name:role:hash`; empty ones and those that begin with # say nothing. */
export function parseUsers(text: string): ParsedUsers {
  const users = new Map<string, ConsoleUser>();
  for (const [index, line] of text.split('\n').entries()) {
    if (isComment(line)) continue;
    const read = parseLine(line.trim());
    const problem =
      typeof read === 'string'
        ? read
        : users.has(read.name) && `names "${read.name}" a second time: remove one of the two lines`;
    if (problem !== false) return { ok: false, problem: `line ${index + 1} ${problem}` };
    if (typeof read !== 'string') users.set(read.name, read);
  }
  return { ok: true, users };
}

function isComment(line: string): boolean {
  return /^\s*(?:#|$)/.test(line);
}

/** The problem never repeats the hash. */
function parseLine(line: string): ConsoleUser | string {
  const [given = '', role = '', hash = '', ...rest] = line.split(':');
  if (hash === '' || rest.length > 0) {
    return 'must be name:role:hash: let "console user add" write it';
  }
  const name = toUserName(given);
  if (name === null) return 'has a name that can\'t be used: let "console user add" write it';
  if (!isRole(role)) return `has an unknown role: write one of ${roles.join(', ')}`;
  const parsed = parsePasswordHash(hash);
  if (parsed === null) {
    return 'has no scrypt hash that can be used: set the password anew by "console user add"';
  }
  return { name, role, hash: parsed };
}

/** Reads the whole file. Never throws. */
export function readUsersFile(path: string): ParsedUsers {
  try {
    const parsed = parseUsers(readFileSync(path, 'utf8'));
    return parsed.ok ? parsed : { ok: false, problem: `can't be used: ${parsed.problem}` };
  } catch (error) {
    return { ok: false, problem: whyUnreadable(error) };
  }
}

function whyUnreadable(error: unknown): string {
  const { code = '', message } = toError(error) as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    return 'does not exist: add somebody by "console user add", which writes it';
  }
  const isForbidden = code === 'EACCES' || code === 'EPERM';
  return isForbidden
    ? "can't be read: give the user that runs this command or the console the right to read it"
    : `can't be read: ${code === '' ? message : code}`;
}

/** In the order of the file. Throws `Refused` for a file that can't be used. */
export function listUsers(path: string): readonly ConsoleUser[] {
  const read = readUsersFile(path);
  if (!read.ok) throw new Refused(`The file ${path} ${read.problem}.`);
  return [...read.users.values()];
}

/** Adds somebody, or gives them another password and role. Throws `Refused` for what can't be a name or password. */
export async function addUser(
  path: string,
  { name: given, role, password }: { name: string; role: Role; password: string },
): Promise<'added' | 'changed'> {
  const name = toUserName(given);
  if (name === null) {
    throw new Refused('A name must have 1 to 100 letters, digits or characters of . _ @ + - only.');
  }
  refuseWeak(password);
  const line = `${name}:${role}:${await hashPassword(password)}`;
  let isNew = true;
  await rewrite(path, 'may be new', (lines) => {
    const others = lines.map((each) => (nameIn(each) === name ? line : each));
    isNew = !others.includes(line);
    return isNew ? [...others, line] : others;
  });
  return isNew ? 'added' : 'changed';
}

function refuseWeak(password: string): void {
  const { length } = password;
  if (length < LEAST_CHARACTERS) {
    throw new Refused(`The password must have at least ${LEAST_CHARACTERS} characters.`);
  }
  if (length > MOST_CHARACTERS || password !== password.trim() || /\p{Cc}/u.test(password)) {
    throw new Refused(
      `The password must have at most ${MOST_CHARACTERS.toLocaleString('en-US')} characters, no control characters, and no space at its beginning or end.`,
    );
  }
}

/** Throws `Refused` when there is nobody of that name. */
export async function removeUser(path: string, given: string): Promise<void> {
  const name = toUserName(given);
  await rewrite(path, 'must exist', (lines) => {
    const others = lines.filter((each) => isComment(each) || nameIn(each) !== name);
    if (others.length === lines.length) {
      throw new Refused(`Nobody is named "${given}" in ${path}: see "console user list".`);
    }
    return others;
  });
}

function nameIn(line: string): string | null {
  return isComment(line) ? null : toUserName(line.trim().split(':')[0] ?? '');
}

/** Replaces the file at once, readable by its owner, and by its group as before. A broken one is left alone. */
async function rewrite(
  path: string,
  existence: 'may be new' | 'must exist',
  change: (lines: readonly string[]) => readonly string[],
): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const draft = `${target}.new`;
  const file = await openDraft(draft);
  try {
    const before = await readFile(target, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' && existence === 'may be new') return '';
      throw new Refused(`The file ${path} ${whyUnreadable(error)}.`);
    });
    const parsed = parseUsers(before);
    if (!parsed.ok) throw new Refused(`The file ${path} can't be changed: ${parsed.problem}.`);
    const lines = change(before === '' ? [] : before.replace(/\n$/, '').split('\n'));
    await keepOwner(file, target);
    await file.writeFile(lines.map((line) => `${line}\n`).join(''));
    await file.sync();
    await file.close();
    await rename(draft, target);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(draft, { force: true });
    throw error;
  }
}

/** It is there while a command writes: two at a time would lose what one of them does. */
async function openDraft(draft: string): Promise<FileHandle> {
  try {
    return await open(draft, 'wx', 0o600);
  } catch (error) {
    const { code = 'unknown error' } = toError(error) as NodeJS.ErrnoException;
    throw new Refused(
      code === 'EEXIST'
        ? `Another command is changing the file, or was interrupted: wait for it, or remove ${draft}.`
        : `The file ${draft} can't be written (${code}): let a user write it who may write into that folder.`,
      { cause: error },
    );
  }
}

const GROUP_MAY_READ = 0o040;
const OTHERS = 0o007;

/** What root writes would be out of the console's reach otherwise. */
async function keepOwner(file: FileHandle, target: string): Promise<void> {
  const { mode } = await stat(target).catch(() => ({ mode: 0 }));
  // Where everybody may read it, nobody has thought of its group.
  if ((mode & OTHERS) === 0) await file.chmod(0o600 | (mode & GROUP_MAY_READ));
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(target).catch(async () => await stat(dirname(target)));
  await file.chown(uid, gid);
}
