import { existsSync, readFileSync } from 'node:fs';

/**
 * Prints what failed, then `N passed, N failed` (and `, N skipped`), over the jest result files that were written.
 * Files that failed and ran again (`FILE.again`) count as the second run says; what only failed in the first run is
 * printed as flaky.
 */
const runs = process.argv
  .slice(2)
  .filter((file) => existsSync(file))
  .map((file) => withSecondRun(read(file), `${file}.again`));
const sum = (...fields) =>
  runs.reduce((total, run) => fields.reduce((subtotal, field) => subtotal + run[field], total), 0);

for (const { testResults } of runs) {
  for (const result of testResults) show('failed', result);
}

const passed = sum('numPassedTests');
/** A file that does not even load counts as one failure. */
const failed = sum('numFailedTests', 'numRuntimeErrorTestSuites');
const skipped = sum('numPendingTests', 'numTodoTests');
const alsoSkipped = skipped > 0 ? `, ${skipped} skipped` : '';
process.stdout.write(`${passed} passed, ${failed} failed${alsoSkipped}\n`);
process.exitCode = failed > 0 ? 1 : 0;

function read(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function show(word, { name, status, message, assertionResults }) {
  if (status === 'passed') return;
  const titles = assertionResults
    .filter((test) => test.status === 'failed')
    .map((test) => test.fullName);
  const shown = titles.length > 0 ? titles : [message.split('\n', 3).join(' ')];
  for (const title of shown) process.stdout.write(`${word}: ${name}: ${title}\n`);
}

function withSecondRun(run, file) {
  if (!existsSync(file)) return run;
  const second = read(file);
  const passedNow = new Set(
    second.testResults.filter(({ status }) => status === 'passed').map(({ name }) => name),
  );
  const firstFailures = run.testResults.filter(({ status }) => status !== 'passed');
  for (const result of firstFailures.filter(({ name }) => passedNow.has(name)))
    show('flaky', result);
  const count = (status) =>
    firstFailures
      .flatMap(({ assertionResults }) => assertionResults)
      .filter((test) => test.status === status).length;
  return {
    ...second,
    numPassedTests: run.numPassedTests - count('passed') + second.numPassedTests,
    numPendingTests: run.numPendingTests - count('pending') + second.numPendingTests,
    numTodoTests: run.numTodoTests - count('todo') + second.numTodoTests,
  };
}
