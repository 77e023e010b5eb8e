import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  cut,
  keepProfiles,
  readProfile,
  selfUsOf,
  type CpuProfile,
} from '../../../scripts/bench/profile.ts';
import { profileToText, spentIn, sumsOf } from '../../../scripts/bench/profileParts.ts';

const ROOT = 1;

/** Each node runs once, for so long, in the order of the list. */
function aProfile(
  nodes: readonly (readonly [
    id: number,
    url: string,
    selfUs: number,
    children?: readonly number[],
  ])[],
  names: Readonly<Record<number, string>> = {},
): CpuProfile {
  const delays = [0, ...nodes.map(([, , selfUs]) => selfUs)];
  return {
    nodes: nodes.map(([id, url, , children = []]) => ({
      id,
      callFrame: { functionName: names[id] ?? 'f', url },
      children: [...children],
    })),
    startTime: 1_000,
    endTime: 1_000 + delays.reduce((sum, each) => sum + each),
    samples: nodes.map(([id]) => id),
    timeDeltas: delays.slice(0, -1),
  };
}

function sharesOf(profile: CpuProfile): Readonly<Record<string, number>> {
  return Object.fromEntries(sumsOf(spentIn(profile), ({ part }) => part));
}

const modules = 'file:///opt/worker/node_modules';

describe('the shares of a profile', () => {
  it('gives what works for many to its caller', () => {
    const names = { 5: 'toString' };
    const nodes = [
      [ROOT, '', 0, [2, 4]],
      [2, 'file:///opt/worker/dist/src/mongo/lookups.js', 10, [3]],
      [3, 'node:events', 5],
      [4, `${modules}/got/dist/source/core/index.js`, 20, [5]],
      [5, '', 7],
    ] as const;
    expect(sharesOf(aProfile(nodes, names))).toEqual({ mongo: 15, http: 27 });
  });

  it('divides what nobody has called as what it calls', () => {
    const profile = aProfile([
      [ROOT, '', 0, [2, 5]],
      [2, 'node:internal/stream_base_commons', 8, [3, 4]],
      [3, `${modules}/mongodb/lib/cmap/connection.js`, 30],
      [4, 'node:_http_client', 10],
      [5, 'node:internal/timers', 3],
    ]);
    expect(sharesOf(profile)).toEqual({ mongo: 36, http: 12, other: 3 });
  });

  it('leaves out idle time and knows V8', () => {
    const names = { 2: '(idle)', 3: '(garbage collector)', 4: '(program)' };
    const profile = aProfile(
      [
        [ROOT, '', 0, [2, 3, 4, 5]],
        [2, '', 900],
        [3, '', 30],
        [4, '', 10],
        [5, 'file:///opt/worker/dist/src/domain/decision.js', 60],
      ],
      names,
    );
    expect(sharesOf(profile)).toEqual({ gc: 30, native: 10, pipeline: 60 });
    const lines = profileToText({ ...profile, notifications: 10 }).split('\n');
    expect(lines[0]).toBe('10 notifications, 0.10 of a core');
    expect(lines[2]).toMatch(/^all +100 % +10\.0$/);
    expect(lines[3]).toMatch(/^the pipeline: .* +60\.0 % +6\.00$/);
    expect(lines[7]).toMatch(/^pipeline {2}f domain\/decision\.js +60\.0 % +6\.00$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('cut', () => {
  it('keeps what was measured', () => {
    const profile = aProfile([
      [ROOT, '', 100],
      [2, '', 100],
      [3, '', 100],
      [4, '', 100],
    ]);
    const measured = cut(profile, { startUs: 1_050, endUs: 1_250, notifications: 9 });
    expect(measured).toMatchObject({ startTime: 1_050, endTime: 1_250, notifications: 9 });
    expect([...selfUsOf(measured)]).toEqual([
      [2, 100],
      [3, 50],
    ]);
  });
});

describe('keepProfiles', () => {
  it('names those of one process by what was measured', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'profiles-'));
    const text = JSON.stringify(aProfile([[ROOT, '', 100]]));
    for (const process of ['42.0', '42.3', '7.0', '142.0']) {
      await writeFile(join(folder, `CPU.20310517.102030.${process}.001.cpuprofile`), text);
    }
    const measured = { startUs: 0, endUs: 2_000, notifications: 5 };
    await keepProfiles(folder, 42, { ...measured, contender: 'worker', perSecond: 200 });
    await keepProfiles(folder, 7, null);
    expect((await readdir(folder)).toSorted()).toEqual([
      'CPU.20310517.102030.142.0.001.cpuprofile',
      'worker-200-42-thread-3.cpuprofile',
      'worker-200-42.cpuprofile',
      'worker-7.cpuprofile',
    ]);
    const kept = await readProfile(join(folder, 'worker-200-42.cpuprofile'));
    expect(kept.notifications).toBe(5);
    await rm(folder, { recursive: true });
  });
});
