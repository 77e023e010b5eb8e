import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { readPassword } from '../../../src/cli/readPassword.ts';

async function piped(...parts: readonly (string | Buffer)[]): Promise<string> {
  return await readPassword(Readable.from(parts.map((part) => Buffer.from(part))), {
    write: () => undefined,
  });
}

describe('standard input that is no terminal', () => {
  it.each([
    [['correct horse\n'], 'correct horse'],
    [['correct horse\r\n'], 'correct horse'],
    [['correct horse'], 'correct horse'],
    [['corr', 'ect ', 'horse\n'], 'correct horse'],
    [[Buffer.from('pä').subarray(0, 2), Buffer.from('pä').subarray(2), 'ss'], 'päss'],
  ])('%j is a password', async (parts, password) => {
    expect(await piped(...parts)).toBe(password);
  });

  it.each([[[]], [['']], [['\n']], [['one\ntwo\n']], [['x'.repeat(70_000), '\ny']]])(
    '%j is none',
    async (parts) => {
      await expect(piped(...parts)).rejects.toThrow(/must hold one line/);
    },
  );
});

/** A terminal into which these keys are pressed at once. */
async function typed(keys: string): Promise<{ password: string; shown: string }> {
  const raw: boolean[] = [];
  const terminal = new PassThrough() as PassThrough & { isTTY: boolean; setRawMode: unknown };
  terminal.isTTY = true;
  terminal.setRawMode = (isRaw: boolean) => raw.push(isRaw);
  terminal.write(keys);
  let shown = '';
  const password = await readPassword(terminal, {
    write: (text) => (shown += text),
  });
  expect(raw).toEqual([true, false]);
  return { password, shown };
}

describe('a terminal', () => {
  it('is asked twice, and shows nothing of what is typed', async () => {
    expect(await typed('correct horse\rcorrect horse\r')).toEqual({
      password: 'correct horse',
      shown: 'Password: \nAgain: \n',
    });
  });

  it('lets mistakes be corrected', async () => {
    expect((await typed('correctx\u007f\rcorrect\r')).password).toBe('correct');
  });

  it('takes no two different ones', async () => {
    await expect(typed('correct\rincorrect\r')).rejects.toThrow(/The two passwords differ/);
  });

  it.each(['\u0003', 'correct\r\u0003', '\u0004'])('may be left by %j', async (keys) => {
    await expect(typed(keys)).rejects.toThrow(/No password was given: nothing was changed/);
  });
});
