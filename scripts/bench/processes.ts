import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

/** At once and without a word; resolves when it has ended. Does nothing when it had before. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** `USER_HZ`, which Linux gives user space on every usual architecture. */
const TICKS_PER_SECOND = 100;

/** The CPU time of a process and all its threads so far, in user and kernel mode; steps of 10 ms. */
export async function cpuUsOf(pid: number): Promise<number> {
  return cpuUsIn(await readFile(`/proc/${pid}/stat`, 'utf8'));
}

/** The same for its first thread, which runs the JavaScript that no worker thread runs. */
export async function mainThreadCpuUsOf(pid: number): Promise<number> {
  return cpuUsIn(await readFile(`/proc/${pid}/task/${pid}/stat`, 'utf8'));
}

/** The name, second of the fields, may hold blanks and parentheses. */
export function cpuUsIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [userTicks, systemTicks] = [fields[11], fields[12]].map(Number);
  return (((userTicks ?? 0) + (systemTicks ?? 0)) * 1_000_000) / TICKS_PER_SECOND;
}

/** The memory that a process has resident, and the most since its start. */
type ResidentMb = Readonly<Record<'now' | 'peak', number>>;

export async function residentMbOf(pid: number): Promise<ResidentMb> {
  return residentMbIn(await readFile(`/proc/${pid}/status`, 'utf8'));
}

export function residentMbIn(status: string): ResidentMb {
  const mb = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  return { now: mb('VmRSS'), peak: mb('VmHWM') };
}
