import { conditionsToText, findingsToText } from './report.ts';
import type { NamedReport } from './runBench.ts';

const COLUMNS = 'CPU µs and mongod: CPU time per notification, of the process and of mongod.';

/** Prints one scenario after the other, and what they were measured under where that changes. */
export function createPrinter(print: (text: string) => void): (scenario: NamedReport) => void {
  let printed = '';
  return ([name, report]) => {
    const conditions = conditionsToText(report.conditions);
    if (conditions !== printed) {
      print(`${printed === '' ? '' : '\n'}${conditions}\n${COLUMNS}`);
      printed = conditions;
    }
    print(`\n${name}: ${report.title}\n\n${findingsToText(report)}`);
  };
}
