import { existsSync, readFileSync } from 'node:fs';

/** Prints what failed, then `N passed, N failed` (and `, N skipped`), over the jest result files that were written. */
const runs = process.argv
  .slice(2)
  .filter((file) => existsSync(file))
  .map((file) => JSON.parse(readFileSync(file, 'utf8')));
const sum = (...fields) =>
  runs.reduce((total, run) => fields.reduce((subtotal, field) => subtotal + run[field], total), 0);

for (const { testResults } of runs) {
  for (const { name, status, message, assertionResults } of testResults) {
    if (status === 'passed') continue;
    const titles = assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => test.fullName);
    const shown = titles.length > 0 ? titles : [message.split('\n', 3).join(' ')];
    for (const title of shown) process.stdout.write(`failed: ${name}: ${title}\n`);
  }
}

const passed = sum('numPassedTests');
/** A file that does not even load counts as one failure. */
const failed = sum('numFailedTests', 'numRuntimeErrorTestSuites');
const skipped = sum('numPendingTests', 'numTodoTests');
const alsoSkipped = skipped > 0 ? `, ${skipped} skipped` : '';
process.stdout.write(`${passed} passed, ${failed} failed${alsoSkipped}\n`);
process.exitCode = failed > 0 ? 1 : 0;
