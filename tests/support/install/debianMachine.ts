import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptInstall } from '../../../scripts/services/apt.ts';
import { cached } from '../../../scripts/services/cacheFolder.ts';
import { findProgram, runCommand } from '../../../scripts/services/command.ts';
import { until } from '../until.ts';

const limit = { timeoutMs: 600_000 };
const commandLimitMs = 180_000;

export interface DebianMachine {
  /** The folder that is its root. */
  readonly root: string;
  /** Runs a shell command as root in it; whatever is written to both outputs, in order. */
  run(command: string): Promise<Readonly<{ code: number | null; output: string }>>;
  /** Shuts it down and removes it. */
  close(): Promise<void>;
}

/**
 * A Debian 12 as debootstrap leaves it, with systemd, booted in a container that shares this machine's network. The
 * root is made once and copied then.
 */
export async function bootDebian(): Promise<DebianMachine> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error('A Debian 12 is made and booted for this, which only root on Linux can do.');
  }
  const nspawn = await find('systemd-nspawn', 'systemd-container');
  const fresh = await freshRoot();
  const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-debian-'));
  const root = join(folder, 'root');
  await runCommand('cp', ['--archive', '--reflink=auto', fresh, root], limit);
  // It need not survive a loss of power: writing thousands of files takes a fraction of the time.
  await writeFile(join(root, 'etc/dpkg/dpkg.cfg.d/unsafe-io'), 'force-unsafe-io\n');
  const args = ['--quiet', '--boot', `--directory=${root}`, '--machine=debian', '--settings=no'];
  // Other machines need not know of it, and nothing of this one is written into it.
  const alone = ['--register=no', '--keep-unit', '--link-journal=no', '--timezone=off'];
  // They would hold apt's lock at some time.
  const masked = ['apt-daily', 'apt-daily-upgrade'].map((name) => `systemd.mask=${name}.timer`);
  const child = spawn(
    nspawn,
    [...args, ...alone, '--resolv-conf=off', '--console=read-only', ...masked],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (data: Buffer) => (said += data.toString()));
  }
  const close = async (): Promise<void> => {
    if (!hasEnded(child)) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const overdue = setTimeout(() => child.kill('SIGKILL'), 30_000);
      await ended;
      clearTimeout(overdue);
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await once(child, 'spawn');
    const init = await until('the machine has its first process', async () => {
      if (hasEnded(child)) throw new Error(said);
      return await firstProcessBelow(child.pid ?? 0);
    });
    const run = async (command: string) => await runWithin(init, command);
    await until(
      'the machine is up',
      async () => (await run('systemctl is-system-running')).output.match(/running|degraded/),
      { timeoutMs: 60_000, intervalMs: 200 },
    );
    return { root, run, close };
  } catch (cause) {
    await close();
    throw new Error(`The machine did not come up: ${said.slice(-2000)}`, { cause });
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function find(name: string, ...packages: readonly string[]): Promise<string> {
  const seek = async (): Promise<string | null> => await findProgram([name], ['/usr/sbin']);
  const advice = `${name} was not found (Debian and Ubuntu: apt-get install ${packages.join(' ')}).`;
  if ((await seek()) === null) await aptInstall(packages, advice);
  const program = await seek();
  if (program === null) throw new Error(advice);
  return program;
}

async function freshRoot(): Promise<string> {
  const debootstrap = await find('debootstrap', 'debootstrap', 'debian-archive-keyring');
  return await cached('debian-12', async (scratch) => {
    process.stderr.write('Making a Debian 12 with debootstrap (once) …\n');
    const root = join(scratch, 'root');
    const args = ['--variant=minbase', '--include=systemd,ca-certificates', 'bookworm', root];
    await runCommand(debootstrap, args, limit);
    await runCommand('chroot', [root, 'apt-get', 'clean'], limit);
    return root;
  });
}

/** The descendant that is number 1 in its own namespace. */
async function firstProcessBelow(pid: number): Promise<number | null> {
  const tasks = await readdir(`/proc/${pid}/task`);
  for (const task of tasks) {
    const children = await readFile(`/proc/${pid}/task/${task}/children`, 'utf8');
    for (const child of children.trim().split(' ').filter(Boolean).map(Number)) {
      const status = await readFile(`/proc/${child}/status`, 'utf8');
      if (/^NSpid:(?:\t\d+)+\t1$/m.test(status)) return child;
      const below = await firstProcessBelow(child);
      if (below !== null) return below;
    }
  }
  return null;
}

async function runWithin(
  init: number,
  command: string,
): Promise<{ code: number | null; output: string }> {
  const where = ['--target', String(init), '--mount', '--uts', '--ipc', '--pid', '--cgroup'];
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    TERM: 'dumb',
    LANG: 'C.UTF-8',
  };
  const child = spawn(
    'nsenter',
    [...where, '--root', '--wd', 'sh', '-c', `exec 2>&1; cd; ${command}`],
    {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: commandLimitMs,
      killSignal: 'SIGKILL',
    },
  );
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
