import { spawn } from 'node:child_process';
import { packageRoot } from '../../config/packageRoot.ts';
import { followLog, type Exit } from './processLog.ts';
import { inheritedEnv } from './workerProcess.ts';

/** The console in a process of its own. */
export type ConsoleProcess = ReturnType<typeof startConsole>;

/** Starts the program that `npm run console` runs, with these settings, on any free port unless they name one. Stop it. */
export function startConsole(settings: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/src/console.js'], {
    cwd: packageRoot(),
    env: { ...inheritedEnv(), CONSOLE_PORT: '0', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { lines, output, exit, hasEnded, line } = followLog(child, 'the console');
  return {
    lines,
    output,
    exit,
    line,
    /** Where it is served, without a path. */
    async origin(): Promise<string> {
      const { port } = await line('console_started');
      return `http://127.0.0.1:${String(port)}`;
    },
    /** The link that signs one person in, where nobody else can sign in. */
    async link(): Promise<string> {
      const { url } = await line('console_link');
      return String(url);
    },
    signal(which: NodeJS.Signals): void {
      if (!hasEnded()) child.kill(which);
    },
    async stop(which: 'SIGTERM' | 'SIGINT' | 'SIGKILL' = 'SIGTERM'): Promise<Exit> {
      if (!hasEnded()) child.kill(which);
      return await exit;
    },
  };
}
