import { describe, expect, it } from '@jest/globals';
import { parseBenchArgs } from '../../../scripts/bench/options.ts';

describe('parseBenchArgs', () => {
  it('takes every scenario when none is named', () => {
    const parsed = parseBenchArgs(['--quick', '--json']);
    expect(parsed).toMatchObject({ kind: 'run', options: { json: true, isQuick: true } });
    expect(namesIn(parsed)).toContain('throughput');
    expect(namesIn(parsed)).toContain('paced');
  });

  it('takes those that are named', () => {
    const args = ['--scenario', 'paced', '--scenario', 'latency20'];
    expect(namesIn(parseBenchArgs(args)).sort()).toEqual(['latency20', 'paced']);
  });

  it.each([[['--scenario', 'warp']], [['--fast']], [['paced']], [['--scenario']]])(
    'refuses %j',
    (args) => {
      expect(parseBenchArgs(args).kind).toBe('misused');
    },
  );
});

function namesIn(parsed: ReturnType<typeof parseBenchArgs>): string[] {
  return parsed.kind === 'run' ? parsed.options.scenarios.map(({ name }) => name) : [];
}
