import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { Refused } from '../support/session.ts';
import type { Output } from './output/page.ts';

/** What a command reads. */
export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/** A password is one short line. */
const MOST_BYTES = 64 * 1024;

/**
 * A new password from standard input: asked for twice on a terminal, which does not show what is typed; the only line
 * otherwise. Throws `Refused` when there is none.
 */
export async function readPassword(stdin: Input, stderr: Pick<Output, 'write'>): Promise<string> {
  if (stdin.isTTY !== true) return await readOnlyLine(stdin);
  const [password, again] = await ask(stdin, stderr, ['Password: ', 'Again: ']);
  if (password === undefined || again === undefined) {
    throw new Refused('No password was given: nothing was changed.');
  }
  if (password !== again) throw new Refused('The two passwords differ: nothing was changed.');
  return password;
}

async function readOnlyLine(stdin: Input): Promise<string> {
  const read: Buffer[] = [];
  let size = 0;
  for await (const data of stdin) {
    const bytes = Buffer.from(data);
    read.push(bytes);
    size += bytes.length;
    if (size > MOST_BYTES) break;
  }
  const lines = Buffer.concat(read)
    .toString('utf8')
    .replace(/\r?\n$/, '')
    .split('\n');
  const [password = '', ...rest] = lines;
  if (password === '' || rest.length > 0 || size > MOST_BYTES) {
    throw new Refused('Standard input must hold one line, the password: nothing was changed.');
  }
  return password;
}

/** The answers, fewer when the input ends or Ctrl-C is pressed. One reader for all, so that nothing typed ahead is lost. */
async function ask(
  stdin: Input,
  stderr: Pick<Output, 'write'>,
  prompts: readonly string[],
): Promise<readonly string[]> {
  const nowhere = new Writable({ write: (_chunk, _encoding, written) => written() });
  const reader = createInterface({
    input: stdin,
    output: nowhere,
    terminal: true,
    historySize: 0,
  });
  const lines = reader[Symbol.asyncIterator]();
  const answers: string[] = [];
  try {
    for (const prompt of prompts) {
      stderr.write(prompt);
      const line = await lines.next();
      stderr.write('\n');
      if (line.done === true) break;
      answers.push(line.value);
    }
    return answers;
  } finally {
    reader.close();
  }
}
