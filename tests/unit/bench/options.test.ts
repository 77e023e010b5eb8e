import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseBenchArgs } from '../../../scripts/bench/options.ts';

describe('parseBenchArgs', () => {
  it('takes every scenario when none is named', () => {
    const parsed = parseBenchArgs(['--quick', '--json']);
    expect(parsed).toMatchObject({ kind: 'run', options: { json: true, isQuick: true } });
    expect(namesIn(parsed)).toContain('throughput');
    expect(namesIn(parsed)).toContain('everyday');
  });

  it('takes those that are named', () => {
    const args = ['--scenario', 'everyday', '--scenario', 'latency20'];
    expect(namesIn(parseBenchArgs(args)).sort()).toEqual(['everyday', 'latency20']);
  });

  it('measures and writes no docs unless asked to', () => {
    expect(parseBenchArgs([])).toMatchObject({ options: { from: null, writesDocs: false } });
    expect(parseBenchArgs(['--from', 'a.json', '--write-docs'])).toMatchObject({
      options: { from: 'a.json', writesDocs: true },
    });
  });

  it('refuses to be quick where nothing is measured', () => {
    expect(parseBenchArgs(['--quick', '--from', 'a.json']).kind).toBe('misused');
  });

  it('refuses a checkout that is not built, and to write figures of another one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'checkout-'));
    expect(parseBenchArgs(['--against', folder])).toMatchObject({
      kind: 'misused',
      message: expect.stringContaining('npm run build'),
    });
    mkdirSync(join(folder, 'dist', 'src'), { recursive: true });
    writeFileSync(join(folder, 'dist', 'src', 'main.js'), '');
    expect(parseBenchArgs(['--against', folder])).toMatchObject({ options: { against: folder } });
    expect(parseBenchArgs(['--against', folder, '--write-docs']).kind).toBe('misused');
    rmSync(folder, { recursive: true });
  });

  it('profiles what is measured for nobody else', () => {
    expect(parseBenchArgs(['--profile', '/p'])).toMatchObject({ options: { profileTo: '/p' } });
    expect(parseBenchArgs(['--profile', '/p', '--write-docs']).kind).toBe('misused');
    expect(parseBenchArgs(['--profile', '/p', '--from', 'a.json']).kind).toBe('misused');
  });

  it.each([[['--scenario', 'warp']], [['--fast']], [['everyday']], [['--scenario']], [['--from']]])(
    'refuses %j',
    (args) => {
      expect(parseBenchArgs(args).kind).toBe('misused');
    },
  );
});

function namesIn(parsed: ReturnType<typeof parseBenchArgs>): string[] {
  return parsed.kind === 'run' ? parsed.options.scenarios.map(({ name }) => name) : [];
}
