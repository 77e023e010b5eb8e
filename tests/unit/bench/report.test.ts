import { describe, expect, it } from '@jest/globals';
import { conditionsToText, findingsToText } from '../../../scripts/bench/report.ts';
import { aReport } from './aReport.ts';

describe('conditionsToText', () => {
  it('names the machine, the versions, the day and how often', () => {
    expect(conditionsToText(aReport().conditions).split('\n')).toEqual([
      '8 × Abacus 9, 32 GB, Node v20.19.0',
      'MongoDB 6.0.5, MariaDB 10.11.6',
      "Receiver: Go's net/http, go1.24",
      '2031-05-17, medians of 3',
    ]);
  });

  it('tells of a quick run and of a busy machine', () => {
    const { conditions } = aReport({}, { isQuick: true, rounds: 1 });
    const machine = { ...conditions.machine, loadBefore: 1.5 };
    expect(
      conditionsToText({ ...conditions, machine })
        .split('\n')
        .slice(3),
    ).toEqual(['2031-05-17, quick, each measured once', expect.stringContaining('busy')]);
  });
});

describe('findingsToText', () => {
  it('has the targets below the tables', () => {
    expect(findingsToText(aReport())).toMatch(/^the worker +3,912\n\n.*target\nrate .*≥ 2\.5 ×$/s);
  });

  it('is the tables where there are no targets', () => {
    expect(findingsToText(aReport({ targets: [] }))).toBe('the worker   3,912');
  });
});
