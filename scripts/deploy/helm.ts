import { findProgram, runCommand } from '../services/command.ts';

const helmModule = 'helm.sh/helm/v3/cmd/helm@v3.22.0';

/** Helm's words for the command line: its program, or Go, which builds it. Null where neither is there. */
export async function findHelm(): Promise<readonly [program: string, ...args: string[]] | null> {
  const program = await findProgram(['helm', 'go']);
  if (program === null) return null;
  return program.endsWith('helm') ? [program] : [program, 'run', helmModule];
}

/** What it printed. Building it takes minutes. */
export async function helm(...args: readonly string[]): Promise<string> {
  const found = await findHelm();
  if (found === null) throw new Error('Neither helm nor go was found.');
  const [program, ...before] = found;
  return await runCommand(program, [...before, ...args], { timeoutMs: 600_000 });
}
