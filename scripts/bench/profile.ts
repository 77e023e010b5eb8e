import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const node = z.looseObject({
  id: z.number(),
  callFrame: z.looseObject({ functionName: z.string(), url: z.string() }),
  children: z.array(z.number()).optional(),
});

/** The parts of V8's profile that are used, and what cutting adds to it. */
const schema = z.looseObject({
  nodes: z.array(node),
  /** Microseconds, as `nowUs` counts. */
  startTime: z.number(),
  endTime: z.number(),
  /** The ids of the nodes that were running. */
  samples: z.array(z.number()),
  /** Since the previous sample. */
  timeDeltas: z.array(z.number()),
  /** Those made in this time. Not known for a profile as V8 wrote it. */
  notifications: z.number().optional(),
});

export type CpuProfile = z.infer<typeof schema>;
export type ProfileNode = z.infer<typeof node>;

export async function readProfile(file: string): Promise<CpuProfile> {
  return schema.parse(JSON.parse(await readFile(file, 'utf8')));
}

const SAMPLE_EVERY_US = 500;

/** For a process that runs an npm script: Node writes a profile for each of its threads when it ends. */
export function profilingArgs(folder: string): readonly string[] {
  const options = [
    '--cpu-prof',
    `--cpu-prof-dir="${folder}"`,
    `--cpu-prof-interval=${SAMPLE_EVERY_US}`,
  ];
  return [`--node-options=${options.join(' ')}`];
}

/** The part of a process's life that was measured. */
export interface Measured {
  readonly contender: string;
  readonly perSecond: number | null;
  readonly startUs: number;
  readonly endUs: number;
  readonly notifications: number;
}

/**
 * Names the profiles of an ended process after its measurement, and cuts them to it. Without one, they stay whole.
 */
export async function keepProfiles(
  folder: string,
  pid: number,
  measured: Measured | null,
): Promise<void> {
  const name =
    measured === null ? 'worker' : `${measured.contender}-${measured.perSecond ?? 'full-speed'}`;
  for (const file of await readdir(folder)) {
    const [, thread] = new RegExp(`^CPU\\.\\d+\\.\\d+\\.${pid}\\.(\\d+)\\.`).exec(file) ?? [];
    if (thread === undefined) continue;
    const to = join(
      folder,
      `${name}-${pid}${thread === '0' ? '' : `-thread-${thread}`}.cpuprofile`,
    );
    await rename(join(folder, file), to);
    if (measured !== null)
      await writeFile(to, JSON.stringify(cut(await readProfile(to), measured)));
  }
}

export function cut(
  profile: CpuProfile,
  { startUs, endUs, notifications }: Pick<Measured, 'startUs' | 'endUs' | 'notifications'>,
): CpuProfile {
  const kept = sampledAt(profile).filter(({ atUs }) => atUs >= startUs && atUs <= endUs);
  return {
    ...profile,
    startTime: startUs,
    endTime: endUs,
    samples: kept.map(({ id }) => id),
    timeDeltas: kept.map(({ atUs }, n) => atUs - (kept[n - 1]?.atUs ?? startUs)),
    notifications,
  };
}

/** The self time of each node, from each sample to the next. */
export function selfUsOf(profile: CpuProfile): ReadonlyMap<number, number> {
  const sampled = sampledAt(profile);
  const selfUs = new Map<number, number>();
  for (const [n, { id, atUs }] of sampled.entries()) {
    const untilUs = sampled[n + 1]?.atUs ?? profile.endTime;
    selfUs.set(id, (selfUs.get(id) ?? 0) + untilUs - atUs);
  }
  return selfUs;
}

function sampledAt({ samples, timeDeltas, startTime }: CpuProfile) {
  let atUs = startTime;
  return samples.map((id, n) => ({ id, atUs: (atUs += timeDeltas[n] ?? 0) }));
}
