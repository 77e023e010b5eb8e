import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  addUser,
  listUsers,
  parseUsers,
  readUsersFile,
  removeUser,
} from '../../../src/support/consoleUsers.ts';

const hash = `$scrypt$ln=17,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$${'a'.repeat(43)}`;
const password = 'correct horse battery';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'notify-on-delivery-users-'));
  path = join(folder, 'users');
});
afterEach(() => rmSync(folder, { recursive: true }));

const content = (): string => readFileSync(path, 'utf8');
const namesAndRoles = (): readonly string[] =>
  listUsers(path).map(({ name, role }) => `${name} ${role}`);

describe('the text of the file', () => {
  it('has one person a line, comments and empty lines', () => {
    const text = `# of the team\n\nasha:support:${hash}\n  ravi@example.com:viewer:${hash}\r\n`;
    const parsed = parseUsers(text);
    expect(parsed.ok && [...parsed.users.values()]).toMatchObject([
      { name: 'asha', role: 'support', hash: { text: hash } },
      { name: 'ravi@example.com', role: 'viewer' },
    ]);
    expect(parseUsers('')).toEqual({ ok: true, users: new Map() });
  });

  it.each([
    ['asha', /^line 2 must be name:role:hash: let "console user add" write it$/],
    ['asha:support', /^line 2 must be name:role:hash/],
    [`asha:support:${hash}:x`, /^line 2 must be name:role:hash/],
    [`asha:admin:${hash}`, /^line 2 has an unknown role: write one of viewer, support, editor$/],
    [`asha:Viewer:${hash}`, /^line 2 has an unknown role/],
    [`:viewer:${hash}`, /^line 2 has a name that can't be used/],
    [`two words:viewer:${hash}`, /^line 2 has a name that can't be used/],
    [
      'asha:viewer:a-password',
      /^line 2 has no scrypt hash that can be used: set the password anew/,
    ],
    [`first:viewer:${hash}`, /^line 2 names "first" a second time: remove one of the two lines$/],
  ])('is refused with %j in it, by a sentence that names the line and no hash', (line, problem) => {
    const parsed = parseUsers(`first:viewer:${hash}\n${line}\n`);
    expect(parsed).toEqual({ ok: false, problem: expect.stringMatching(problem) });
    expect(JSON.stringify(parsed)).not.toMatch(/aaa|a-password/);
  });
});

describe('a file', () => {
  it('is made readable by its owner only', async () => {
    expect(await addUser(path, { name: 'asha', role: 'viewer', password })).toBe('added');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(content()).toMatch(/^asha:viewer:\$scrypt\$ln=17,r=8,p=1\$\S+\n$/);
    expect(content()).not.toContain(password);
  });

  it('keeps everything else when somebody is added, changed or removed', async () => {
    writeFileSync(path, `# of the team\nravi:viewer:${hash}\n\n# on leave\nmira:editor:${hash}`);
    chmodSync(path, 0o644);
    await addUser(path, { name: 'asha', role: 'support', password });
    expect(namesAndRoles()).toEqual(['ravi viewer', 'mira editor', 'asha support']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await addUser(path, { name: 'mira', role: 'viewer', password })).toBe('changed');
    await removeUser(path, 'ravi');
    expect(namesAndRoles()).toEqual(['mira viewer', 'asha support']);
    expect(content()).toMatch(/^# of the team\n\n# on leave\nmira:viewer:.*\nasha:support:.*\n$/);
  });

  it('stays readable by its group, as where a container reads it that runs as somebody else', async () => {
    writeFileSync(path, '');
    chmodSync(path, 0o640);
    await addUser(path, { name: 'asha', role: 'viewer', password });
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  it('stays where a link leads to', async () => {
    const target = join(folder, 'real');
    writeFileSync(target, '');
    symlinkSync(target, path);
    await addUser(path, { name: 'asha', role: 'viewer', password });
    expect(readFileSync(target, 'utf8')).toContain('asha');
    expect(namesAndRoles()).toEqual(['asha viewer']);
  });

  it('is left alone when it is broken', async () => {
    writeFileSync(path, 'asha\n');
    const adding = addUser(path, { name: 'ravi', role: 'viewer', password });
    await expect(adding).rejects.toThrow(/can't be changed: line 1 must be name:role:hash/);
    await expect(removeUser(path, 'asha')).rejects.toThrow(/can't be changed: line 1/);
    expect(content()).toBe('asha\n');
    expect(readUsersFile(`${path}.new`)).toMatchObject({ ok: false });
  });

  it('is changed by one command at a time', async () => {
    writeFileSync(`${path}.new`, '');
    const adding = addUser(path, { name: 'asha', role: 'viewer', password });
    await expect(adding).rejects.toThrow(
      /Another command is changing the file, or was interrupted/,
    );
    rmSync(`${path}.new`);
    await addUser(path, { name: 'asha', role: 'viewer', password });
    expect(namesAndRoles()).toEqual(['asha viewer']);
  });

  it.each([
    ['short', /at least 12 characters/],
    ['eleven char', /at least 12 characters/],
    [' leading space', /no space at its beginning/],
    ['trailing space ', /no space at its beginning/],
    ['a\u0007 bell in it', /no control characters/],
    ['x'.repeat(1_001), /at most 1,000 characters/],
  ])('does not get the password %j', async (given, problem) => {
    const adding = addUser(path, { name: 'asha', role: 'viewer', password: given });
    await expect(adding).rejects.toMatchObject({
      name: 'Refused',
      message: expect.stringMatching(problem),
    });
    expect(readUsersFile(path)).toMatchObject({ ok: false });
  });

  it.each(['', 'two words', 'a:b', '#asha', 'x'.repeat(101), 'asha\n', '<b>'])(
    'does not get the name %j',
    async (name) => {
      const adding = addUser(path, { name, role: 'viewer', password });
      await expect(adding).rejects.toThrow(/^A name must have 1 to 100 letters/);
    },
  );

  it('that is missing has nobody to list or remove, and says what to do', async () => {
    const says = /does not exist: add somebody by "console user add"/;
    expect(() => listUsers(path)).toThrow(says);
    await expect(removeUser(path, 'asha')).rejects.toThrow(says);
    writeFileSync(path, '');
    await expect(removeUser(path, 'asha')).rejects.toThrow(/^Nobody is named "asha" in /);
  });

  it('in a folder that is missing is refused', async () => {
    const adding = addUser(join(folder, 'none/users'), { name: 'asha', role: 'viewer', password });
    await expect(adding).rejects.toThrow(/can't be written \(ENOENT\)/);
  });
});
