import type { Running } from './contender.ts';
import type { Measurement } from './measurement.ts';
import { cpuUsOf, mainThreadCpuUsOf, residentMbOf } from './processes.ts';

type Costing = Pick<Running, 'pid' | 'peers' | 'servers'>;

/** CPU times so far, in microseconds. */
interface CpuTimes extends Readonly<Record<'own' | 'main' | 'mongod', number>> {
  readonly servers: Readonly<Record<string, number>>;
}

export async function cpuTimesOf(running: Costing, mongodPid: number): Promise<CpuTimes> {
  const [own, main, mongod, servers] = await Promise.all([
    ownCpuUsOf(running),
    sumOf(running, mainThreadCpuUsOf),
    cpuUsOf(mongodPid),
    Promise.all(serversOf(running).map(async ([name, pid]) => [name, await cpuUsOf(pid)] as const)),
  ]);
  return { own, main, mongod, servers: Object.fromEntries(servers) };
}

/** Of all its processes. */
export async function ownCpuUsOf(running: Costing): Promise<number> {
  return await sumOf(running, cpuUsOf);
}

/** The sum of the most that each of its processes has had. */
export async function peakRssMbOf(running: Costing): Promise<number> {
  return await sumOf(running, peakOf);
}

export async function serverCosts(
  running: Costing,
  cpuUs: (name: string) => number,
): Promise<Measurement['servers']> {
  const costs = serversOf(running).map(
    async ([name, pid]) => [name, { cpuUs: cpuUs(name), peakRssMb: await peakOf(pid) }] as const,
  );
  return Object.fromEntries(await Promise.all(costs));
}

function serversOf({ servers = {} }: Costing): readonly (readonly [name: string, pid: number])[] {
  return Object.entries(servers);
}

async function peakOf(pid: number): Promise<number> {
  return (await residentMbOf(pid)).peak;
}

async function sumOf(
  { pid, peers = [] }: Costing,
  figureOf: (pid: number) => Promise<number>,
): Promise<number> {
  const figures = await Promise.all([pid, ...peers].map(figureOf));
  return figures.reduce((sum, figure) => sum + figure, 0);
}
