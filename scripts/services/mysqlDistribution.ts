import { runCommand } from './command.ts';

/** A kind of MySQL that was found on this machine. */
export interface MysqlDistribution {
  /** Names the cached data folder, so it holds the version. */
  readonly id: string;
  readonly program: string;
  /** What every start of this kind needs, such as where its messages are. */
  readonly args: readonly string[];
  /** Makes a data folder whose `root` has no password; `data` does not exist yet. */
  initialise(data: string): Promise<void>;
}

/** Small files. Needed when the data folder is made and at every start. */
export const dataArgs: readonly string[] = [
  '--innodb-log-file-size=8M',
  '--character-set-server=utf8mb4',
];

/** Servers of both makers refuse to run as root unless told to. */
export const asRoot: readonly string[] = process.getuid?.() === 0 ? ['--user=root'] : [];

/** How MySQL makes a data folder; MariaDB has a script for it. */
export async function initialiseMysql(
  program: string,
  data: string,
  args: readonly string[],
): Promise<void> {
  const all = ['--no-defaults', '--initialize-insecure', ...args, ...dataArgs, `--datadir=${data}`];
  await runCommand(program, all, { timeoutMs: 120_000 });
}
