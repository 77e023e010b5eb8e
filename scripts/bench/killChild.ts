import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** At once and without a word; resolves when it has ended. Does nothing when it had before. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
