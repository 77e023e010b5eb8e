import { aptInstall } from './aptInstall.ts';
import { runCommand } from './command.ts';

/** Which Debian package brings a library that our servers are linked against. */
const packages: Readonly<Record<string, string>> = {
  'libaio.so.1': 'libaio1',
  'libcrypto.so.3': 'libssl3',
  'libcurl.so.4': 'libcurl4',
  'liblzma.so.5': 'liblzma5',
  'libnuma.so.1': 'libnuma1',
  'libssl.so.3': 'libssl3',
};

/**
 * Starts a server program once to ask its version. Libraries it lacks are installed where that is
 * possible; otherwise the error names the library.
 */
export async function expectToRun(program: string): Promise<void> {
  /** Each package once, so this ends. */
  const tried = new Set<string>();
  for (;;) {
    try {
      await runCommand(program, ['--version'], { timeoutMs: 30_000 });
      return;
    } catch (cause) {
      const library = /loading shared libraries: ([^:]+):/.exec(String(cause))?.[1];
      if (library === undefined) throw new Error(`${program} does not run.`, { cause });
      const name = packages[library];
      const advice = `${program} needs the library ${library}, which this machine lacks`;
      if (name === undefined || tried.has(name)) throw new Error(`${advice}.`, { cause });
      tried.add(name);
      await aptInstall([name], `${advice}: apt-get install ${name}`);
    }
  }
}
