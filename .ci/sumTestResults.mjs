import { existsSync, readFileSync } from 'node:fs';

/** Prints `N passed, N failed` (and `, N skipped`) over the jest result files that were written. */
const runs = process.argv
  .slice(2)
  .filter((file) => existsSync(file))
  .map((file) => JSON.parse(readFileSync(file, 'utf8')));
const sum = (...fields) =>
  runs.reduce((total, run) => fields.reduce((subtotal, field) => subtotal + run[field], total), 0);

const passed = sum('numPassedTests');
/** A file that does not even load counts as one failure. */
const failed = sum('numFailedTests', 'numRuntimeErrorTestSuites');
const skipped = sum('numPendingTests', 'numTodoTests');
const alsoSkipped = skipped > 0 ? `, ${skipped} skipped` : '';
process.stdout.write(`${passed} passed, ${failed} failed${alsoSkipped}\n`);
process.exitCode = failed > 0 ? 1 : 0;
