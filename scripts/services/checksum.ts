import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** Throws when the file is not the one that was examined when this was written. */
export async function expectSha256(file: string, expected: string): Promise<void> {
  const sha256 = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  if (sha256 !== expected) {
    throw new Error(`${basename(file)} is not the expected file: its sha256 is ${sha256}`);
  }
}
