import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cliWith, cliWithInput, type CliEnd } from '../../support/cli.ts';

const password = 'correct horse battery';
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'notify-on-delivery-users-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (): string => join(folder, 'users');

/** With no other setting than the file. */
async function user(input: string, ...args: readonly string[]): Promise<CliEnd> {
  const settings = { CONSOLE_USERS_FILE: path() };
  return await cliWithInput(input, settings, 'console', 'user', ...args);
}

describe('console user', () => {
  it('adds, changes, lists and removes people', async () => {
    const added = await user(`${password}\n`, 'add', 'asha', '--role', 'support');
    expect(added).toMatchObject({ code: 0, stdout: 'asha may sign in as support.\n', stderr: '' });
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    const other = await user(password, 'add', 'ravi', '--role', 'viewer', '--json');
    expect(other.json()).toEqual({ name: 'ravi', role: 'viewer', created: true });
    const changed = await user(`${password}!\n`, 'add', 'asha', '--role', 'editor');
    expect(changed.stdout).toBe('asha has another password now, and may sign in as editor.\n');
    const users = [
      { name: 'asha', role: 'editor' },
      { name: 'ravi', role: 'viewer' },
    ];
    expect((await user('', 'list', '--json')).json()).toEqual({ users });
    expect((await user('', 'list')).stdout).toMatch(
      /^name +role *\nasha +editor *\nravi +viewer *\n$/,
    );
    const removed = await user('', 'remove', 'asha');
    expect(removed).toMatchObject({ code: 0, stdout: 'asha may not sign in any more.\n' });
    await user('', 'remove', 'ravi');
    expect((await user('', 'list')).stdout).toMatch(/^Nobody is in .*: add somebody by/);
  });

  it('never prints or stores a password', async () => {
    const ends = [
      await user(password, 'add', 'asha', '--role', 'editor'),
      await user(password, 'add', 'asha', '--role', 'editor', '--json'),
      await user(`${password}\nanother line`, 'add', 'asha', '--role', 'editor'),
      await user(`\u0007${password}`, 'add', 'asha', '--role', 'editor'),
    ];
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 1, 1]);
    expect(JSON.stringify(ends) + readFileSync(path(), 'utf8')).not.toContain(password);
  });

  it.each([
    [['add', 'asha', '--role', 'support'], 'too short', 1, /at least 12 characters/],
    [['add', 'asha', '--role', 'support'], '', 1, /must hold one line, the password/],
    [['add', 'a sha', '--role', 'support'], password, 1, /^A name must have/],
    [['add', 'asha', '--role', 'admin'], password, 2, /one of viewer, support, editor/],
    [['add', 'asha'], password, 2, /--role <role>' not specified/],
    [['add', '--role', 'viewer'], password, 2, /missing required argument 'name'/],
    [['remove', 'asha'], '', 1, /does not exist: add somebody/],
    [['list'], '', 1, /does not exist: add somebody/],
  ] as const)('is refused or misused as %j with %j: %i', async (args, input, code, says) => {
    const end = await user(input, ...args);
    expect([end.code, end.stderr]).toEqual([code, expect.stringMatching(says)]);
    const json = await user(input, ...args, '--json');
    expect([json.code, json.json()]).toEqual([code, { error: expect.stringMatching(says) }]);
  });

  it('needs to know the file', async () => {
    const end = await cliWith({}, 'console', 'user', 'list');
    expect([end.code, end.stderr]).toEqual([
      1,
      expect.stringMatching(/CONSOLE_USERS_FILE is not set; write the path of the file/),
    ]);
  });
});
