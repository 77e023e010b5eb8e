import { readFile } from 'node:fs/promises';

/** `USER_HZ`, which Linux gives user space on every usual architecture. */
const TICKS_PER_SECOND = 100;

/** The CPU time of a process and all its threads so far, in user and kernel mode; steps of 10 ms. */
export async function cpuUsOf(pid: number): Promise<number> {
  return cpuUsIn(await readFile(`/proc/${pid}/stat`, 'utf8'));
}

/** The name, second of the fields, may hold blanks and parentheses. */
export function cpuUsIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [userTicks, systemTicks] = [fields[11], fields[12]].map(Number);
  return (((userTicks ?? 0) + (systemTicks ?? 0)) * 1_000_000) / TICKS_PER_SECOND;
}

interface ResidentMb {
  readonly now: number;
  /** The most since its start. */
  readonly peak: number;
}

/** The memory it has resident. */
export async function residentMbOf(pid: number): Promise<ResidentMb> {
  return residentMbIn(await readFile(`/proc/${pid}/status`, 'utf8'));
}

export function residentMbIn(status: string): ResidentMb {
  const mb = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  return { now: mb('VmRSS'), peak: mb('VmHWM') };
}
